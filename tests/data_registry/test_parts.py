from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data_registry.errors import AlreadyExists, BadRecord, NotFound
from data_registry.records import PartRecord
from data_registry.session import Registry
from tests.data_registry.rows import sha


def test_a_part_comes_back_as_it_was_stored(registry: Registry) -> None:
    with registry.write() as work:
        stored = work.parts.add("tile", source_root="/plant/tiles", mm_per_pixel=0.05)
    with registry.read() as work:
        assert work.parts.get("tile") == stored
        assert work.parts.list() == [stored]
    assert (stored.name, stored.source_root, stored.mm_per_pixel) == ("tile", "/plant/tiles", 0.05)
    assert stored.allowed_region_sha256 is None
    assert stored.created_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - stored.created_at) < timedelta(minutes=1)


def test_parts_are_listed_by_name(registry: Registry) -> None:
    with registry.write() as work:
        for name in ("ring", "board", "tile"):
            work.parts.add(name, source_root="x")
    with registry.read() as work:
        assert [part.name for part in work.parts.list()] == ["board", "ring", "tile"]


def test_a_name_is_given_once(registry: Registry, part: PartRecord) -> None:
    with pytest.raises(AlreadyExists, match="tile"), registry.write() as work:
        work.parts.add("tile", source_root="elsewhere")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "\u202egnp.exe"])
def test_a_name_must_fit_on_a_line(registry: Registry, name: str) -> None:
    with pytest.raises(BadRecord), registry.write() as work:
        work.parts.add(name, source_root="x")


@pytest.mark.parametrize(
    ("stored", "asked", "hint"),
    [
        ((), "tile", "factory-gen ingest"),
        (("tile", "board"), "tiel", "'tile'"),
        (("tile", "board"), "zzzz", "'board' or 'tile'"),
    ],
)
def test_a_missing_part_names_its_neighbours(
    registry: Registry, stored: tuple[str, ...], asked: str, hint: str
) -> None:
    with registry.write() as work:
        for name in stored:
            work.parts.add(name, source_root="x")
    with pytest.raises(NotFound) as refusal, registry.read() as work:
        work.parts.get(asked)
    assert hint in refusal.value.action
    assert asked in refusal.value.found


def test_the_allowed_region_is_set_and_taken_back(registry: Registry, part: PartRecord) -> None:
    for region in (sha("region"), None):
        with registry.write() as work:
            work.parts.set_allowed_region(part.id, region)
        with registry.read() as work:
            assert work.parts.get("tile").allowed_region_sha256 == region


def test_the_allowed_region_wants_a_part_and_a_hash(registry: Registry, part: PartRecord) -> None:
    with pytest.raises(NotFound), registry.write() as work:
        work.parts.set_allowed_region(part.id + 1, sha("region"))
    with pytest.raises(BadRecord), registry.write() as work:
        work.parts.set_allowed_region(part.id, "../../etc/passwd")
