from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from data_registry.chunks import CHUNK
from data_registry.image_pages import _MOST_STRETCHES
from data_registry.records import NewImage, PartRecord, SourceImageRecord
from data_registry.session import Registry
from tests.data_registry.rows import defect, good

KINDS = (None, "good", "defect")
SPLITS = (None, "generator", "holdout")
MASKS = (None, True, False)


def _image(number: int, types: int) -> NewImage:
    """Every third a defect; types, splits and masks in steps that never fall together."""
    split = "holdout" if number % 4 == 0 else "generator"
    if number % 3:
        return good(str(number), split=split)
    wanted = {"mask_sha256": None, "mask_origin": None} if number % 5 == 0 else {}
    return defect(str(number), split=split, defect_type=f"type-{number % types}", **wanted)


def _fits(record: SourceImageRecord, kind: Any, split: Any, defect_type: Any, with_mask: Any) -> bool:
    return (
        kind in (None, record.kind)
        and split in (None, record.split)
        and defect_type in (None, record.defect_type)
        and with_mask in (None, record.mask_sha256 is not None)
    )


@pytest.fixture(params=[2, _MOST_STRETCHES], ids=["few types", "many types"])
def everything(
    request: pytest.FixtureRequest, registry: Registry, part: PartRecord
) -> list[SourceImageRecord]:
    """Both ways of asking: a stretch per combination, and the plain filter for many types."""
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        for start in range(0, 240, 24):
            work.images.add_many(
                part.id, [_image(number, request.param) for number in range(start, start + 24)]
            )
            work.images.add_many(other.id, [_image(start, request.param)])
    with registry.read() as work:
        stored = [work.images.by_path(part.id, _image(n, request.param).relative_path) for n in range(240)]
    return sorted((one for one in stored if one is not None), key=lambda one: one.id)


def test_every_filter_gives_what_fits_in_order(
    registry: Registry, part: PartRecord, everything: list[SourceImageRecord]
) -> None:
    assert len(everything) == 240
    with registry.read() as work:
        for kind, split, defect_type, with_mask in product(KINDS, SPLITS, (None, "type-0", "none"), MASKS):
            wanted = {"kind": kind, "split": split, "defect_type": defect_type, "with_mask": with_mask}
            fitting = [one for one in everything if _fits(one, kind, split, defect_type, with_mask)]
            assert work.images.page(part.id, **wanted) == fitting[:60], wanted
            assert list(work.images.stream(part.id, **wanted)) == fitting, wanted


@pytest.mark.parametrize("wanted", [{}, {"kind": "defect"}, {"split": "holdout", "with_mask": True}])
def test_pages_follow_one_another(
    registry: Registry, part: PartRecord, everything: list[SourceImageRecord], wanted: dict[str, Any]
) -> None:
    with registry.read() as work:
        pages: list[SourceImageRecord] = []
        while page := work.images.page(part.id, after_id=pages[-1].id if pages else 0, limit=7, **wanted):
            assert len(page) <= 7
            pages += page
        assert pages == list(work.images.stream(part.id, **wanted))
    assert len(pages) == len({one.id for one in pages}) > 7


def test_a_part_without_pictures_has_empty_pages(registry: Registry, part: PartRecord) -> None:
    with registry.read() as work:
        assert work.images.page(part.id) == []
        assert work.images.page(part.id, kind="good", split="holdout") == []
        assert list(work.images.stream(part.id)) == []


def test_a_stream_goes_on_past_one_query(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        work.images.add_many(part.id, (good(str(number)) for number in range(2 * CHUNK + 3)))
    with registry.read() as work:
        ids = [one.id for one in work.images.stream(part.id, kind="good")]
    assert len(ids) == 2 * CHUNK + 3
    assert ids == sorted(set(ids))
