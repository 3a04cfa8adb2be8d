from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC

import pytest

from data_registry.chunks import CHUNK
from data_registry.errors import AlreadyExists, BadRecord, NotFound, SplitLeak
from data_registry.records import ImageCount, NewImage, PartRecord
from data_registry.session import Registry
from tests.data_registry.rows import defect, good, sha, stored_image

RICH = defect(
    "rich",
    mode="RGB",
    bit_depth=12,
    mm_per_pixel=0.025,
    mask_origin="coco",
    conversions=("exif-turned-6", "CMYK->RGB"),
    group="Los 7/Ä",
    split="holdout",
)


@pytest.mark.parametrize("image", [good(), defect(), defect(mask_sha256=None, mask_origin=None), RICH])
def test_a_picture_comes_back_as_it_was_stored(registry: Registry, part: PartRecord, image: NewImage) -> None:
    with registry.write() as work:
        assert work.images.add_many(part.id, [image]) == 1
    with registry.read() as work:
        found = work.images.by_path(part.id, image.relative_path)
        assert found is not None
        assert found == work.images.by_sha(part.id, image.sha256) == work.images.get(found.id)
    assert {field.name: getattr(found, field.name) for field in fields(NewImage)} == {
        field.name: getattr(image, field.name) for field in fields(NewImage)
    }
    assert found.part_id == part.id
    assert found.created_at.tzinfo is UTC


def test_what_is_not_there_is_not_found(registry: Registry, part: PartRecord) -> None:
    with registry.read() as work:
        assert work.images.by_sha(part.id, sha("none")) is None
        assert work.images.by_path(part.id, "none.png") is None
        with pytest.raises(NotFound):
            work.images.get(1)


def test_the_same_ingest_twice_stores_nothing_new(registry: Registry, part: PartRecord) -> None:
    images = [good("a"), good("b"), defect("c")]
    with registry.write() as work:
        assert work.images.add_many(part.id, images) == 3
        before = work.images.page(part.id)
    with registry.write() as work:
        assert work.images.add_many(part.id, [*images, good("d")]) == 1
    with registry.read() as work:
        assert work.images.page(part.id)[:3] == before


def test_the_same_bytes_twice_in_one_ingest_are_one_picture(registry: Registry, part: PartRecord) -> None:
    twin = good("a", relative_path="good/copy.png")
    with registry.write() as work:
        assert work.images.add_many(part.id, [good("a"), twin]) == 1


def test_a_picture_with_two_defect_types_has_a_row_for_each(registry: Registry, part: PartRecord) -> None:
    one = defect("a", defect_type="crack")
    two = defect("a", defect_type="pit", mask_sha256=sha("second mask"))
    with registry.write() as work:
        assert work.images.add_many(part.id, [one, two]) == 2
        assert work.images.add_many(part.id, [two, one]) == 0
    with registry.read() as work:
        rows = work.images.page(part.id)
        assert (
            work.images.by_sha(part.id, sha("a"))
            == work.images.by_path(part.id, one.relative_path)
            == rows[0]
        )
    assert [(row.defect_type, row.mask_sha256) for row in rows] == [
        ("crack", one.mask_sha256),
        ("pit", sha("second mask")),
    ]


def test_two_parts_may_share_bytes_paths_and_names(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        for one in (part, other):
            assert work.images.add_many(one.id, [defect("a")]) == 1
        found = work.images.by_sha(other.id, sha("a"))
    assert found is not None
    assert found.part_id == other.id


@pytest.mark.parametrize(
    ("second", "error"),
    [
        pytest.param(good("b", group="group-a", split="holdout"), SplitLeak, id="group in the other split"),
        pytest.param(good("a", split="holdout", group="g2"), SplitLeak, id="same bytes in the other split"),
        pytest.param(good("a", sha256=sha("other")), AlreadyExists, id="other bytes under the same path"),
        pytest.param(defect("a"), AlreadyExists, id="same bytes with another label"),
        pytest.param(
            defect("b", sha256=sha("a"), split="holdout", group="g3"),
            SplitLeak,
            id="as a type on the other side",
        ),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_contradiction_is_refused_and_nothing_of_it_stored(
    registry: Registry, part: PartRecord, second: NewImage, error: type[Exception], together: bool
) -> None:
    if not together:
        with registry.write() as work:
            work.images.add_many(part.id, [good("a")])
    with pytest.raises(error), registry.write() as work:
        work.images.add_many(part.id, [good("a"), good("z"), second])
    with registry.read() as work:
        assert len(work.images.page(part.id)) == (0 if together else 1)


def test_a_group_keeps_its_split_far_apart_in_the_stream(registry: Registry, part: PartRecord) -> None:
    last = good("last", group="group-0", split="holdout")
    many = [good(str(number)) for number in range(CHUNK + 5)]
    with pytest.raises(SplitLeak, match="group-0"), registry.write() as work:
        work.images.add_many(part.id, [*many, last])


def test_groups_and_their_splits_are_known(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        work.images.add_many(
            part.id,
            [good("a"), good("b", group="group-a"), good("c", split="holdout"), good("d", split="holdout")],
        )
    with registry.read() as work:
        assert work.images.group_splits(part.id) == {
            "group-a": "generator",
            "group-c": "holdout",
            "group-d": "holdout",
        }
        assert work.images.group_counts(part.id) == {"generator": 1, "holdout": 2}
        assert work.images.group_splits(part.id + 1) == {}


def test_a_part_must_be_there(registry: Registry) -> None:
    with pytest.raises(NotFound), registry.write() as work:
        work.images.add_many(1, [good()])


def test_known_hashes_are_those_of_the_part(registry: Registry, part: PartRecord) -> None:
    many = [good(str(number)) for number in range(CHUNK + 5)]
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        work.images.add_many(part.id, many)
        work.images.add_many(other.id, [good("elsewhere")])
    with registry.read() as work:
        asked = [image.sha256 for image in many] + [sha("elsewhere"), sha("nowhere")]
        assert work.images.known_hashes(part.id, asked) == {image.sha256 for image in many}
        assert work.images.known_hashes(part.id, []) == set()


def test_counts_add_up(registry: Registry, part: PartRecord) -> None:
    images = [
        *(good(f"g{number}") for number in range(5)),
        *(good(f"h{number}", split="holdout") for number in range(3)),
        defect("c1"),
        defect("c2"),
        defect("c3", mask_sha256=None, mask_origin=None),
        defect("p1", defect_type="pit", split="holdout"),
    ]
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        work.images.add_many(part.id, images)
        work.images.add_many(other.id, [good("elsewhere")])
    with registry.read() as work:
        assert set(work.images.counts(part.id)) == {
            ImageCount("good", None, "generator", False, 5),
            ImageCount("good", None, "holdout", False, 3),
            ImageCount("defect", "crack", "generator", True, 2),
            ImageCount("defect", "crack", "generator", False, 1),
            ImageCount("defect", "pit", "holdout", True, 1),
        }


def test_a_drawn_mask_takes_a_picture_off_the_wanted_list(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        image = stored_image(work, part, defect(mask_sha256=None, mask_origin=None))
        changed = work.images.add_mask(image.id, sha("drawn"), "drawn")
    assert (changed.mask_sha256, changed.mask_origin) == (sha("drawn"), "drawn")
    with registry.read() as work:
        assert work.images.page(part.id, with_mask=False) == []
        assert work.images.page(part.id, with_mask=True) == [changed]


@pytest.mark.parametrize(
    ("image", "sha256", "origin", "error"),
    [
        (good(), sha("m"), "drawn", BadRecord),
        (defect(), "m", "drawn", BadRecord),
        (defect(), sha("m"), "guessed", BadRecord),
        (None, sha("m"), "drawn", NotFound),
    ],
)
def test_a_mask_needs_a_defect_and_an_origin(
    registry: Registry,
    part: PartRecord,
    image: NewImage | None,
    sha256: str,
    origin: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error), registry.write() as work:
        image_id = 99 if image is None else stored_image(work, part, image).id
        work.images.add_mask(image_id, sha256, origin)


@pytest.mark.parametrize("table_rule", ["group_id", "mask_id", "kind"])
def test_the_tables_keep_their_rules_whoever_writes(
    registry_url: str, registry: Registry, part: PartRecord, table_rule: str
) -> None:
    """A split of its own, another part's mask, a good picture with a type: refused by the database."""
    from sqlalchemy import create_engine, event, text
    from sqlalchemy.exc import IntegrityError

    from data_registry.address import parse_address

    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        work.images.add_many(part.id, [good("a"), defect("d"), good("h", split="holdout")])
        work.images.add_many(other.id, [defect("e")])
    changes = {
        "group_id": "UPDATE source_images SET split_id = (SELECT max(id) FROM splits WHERE part_id = :part)",
        "mask_id": "UPDATE source_images SET mask_id = (SELECT max(id) FROM masks) WHERE mask_id IS NOT NULL"
        " AND part_id = :part",
        "kind": "UPDATE source_images SET kind = 'good' WHERE kind = 'defect' AND part_id = :part",
    }
    engine = create_engine(parse_address(registry_url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(changes[table_rule]), {"part": part.id})
    engine.dispose()


def test_a_long_stream_is_stored_with_flat_memory(registry: Registry, part: PartRecord) -> None:
    def stored(start: int, n: int) -> int:
        tracemalloc.reset_peak()
        with registry.write() as work:
            assert work.images.add_many(part.id, _stream(start, n)) == n
        return tracemalloc.get_traced_memory()[1]

    def _stream(start: int, n: int) -> Iterator[NewImage]:
        return (good(str(number)) for number in range(start, start + n))

    stored(0, 1)  # compiles the statements
    tracemalloc.start()
    short, long = stored(10_000, CHUNK), stored(20_000, 5 * CHUNK)
    tracemalloc.stop()
    assert long < 2 * short
