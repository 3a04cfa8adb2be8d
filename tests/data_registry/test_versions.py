"""Data set versions and exports: published once, numbered, never changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from data_registry.address import parse_address
from data_registry.errors import BadRecord, NotFound
from data_registry.records import PartRecord
from data_registry.session import Registry
from tests.data_registry.rows import dataset, sha


def test_versions_are_numbered_per_part_and_kind(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        made = [
            work.datasets.add(owner.id, kind=kind, manifest_sha256=sha(name), counts={"good": 3, "crack": 1})
            for owner, kind, name in (
                (part, "catalogue", "a"),
                (part, "catalogue", "b"),
                (part, "synthetic", "a"),
                (other, "catalogue", "a"),
            )
        ]
    assert [(one.part_id, one.kind, one.number) for one in made] == [
        (part.id, "catalogue", 1),
        (part.id, "catalogue", 2),
        (part.id, "synthetic", 1),
        (other.id, "catalogue", 1),
    ]
    with registry.read() as work:
        assert work.datasets.list(part.id) == made[:3]
        assert work.datasets.latest(part.id, "catalogue") == made[1]
        assert work.datasets.get(part.id, 1, "catalogue") == made[0]
        assert work.datasets.latest(other.id, "synthetic") is None
    assert made[0].counts == {"good": 3, "crack": 1}


def test_the_same_manifest_is_the_same_version(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        first = dataset(work, part, "a")
        dataset(work, part, "b")
    with registry.write() as work:
        assert dataset(work, part, "a") == first
    with registry.read() as work:
        assert len(work.datasets.list(part.id)) == 2


@pytest.mark.parametrize("changes", [{"kind": "mixed"}, {"manifest_sha256": "abc"}])
def test_a_version_outside_its_sets_is_refused(
    registry: Registry, part: PartRecord, changes: dict[str, Any]
) -> None:
    facts = {"kind": "catalogue", "manifest_sha256": sha("a"), "counts": {}} | changes
    with pytest.raises(BadRecord), registry.write() as work:
        work.datasets.add(part.id, **facts)


def test_a_missing_version_is_named(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        dataset(work, part)
    with pytest.raises(NotFound, match="from 1 to 1"), registry.read() as work:
        work.datasets.get(part.id, 2, "catalogue")
    with pytest.raises(NotFound), registry.write() as work:
        work.datasets.add(part.id + 1, kind="catalogue", manifest_sha256=sha("a"), counts={})


def test_a_published_version_cannot_be_changed_by_any_program(
    registry_url: str, registry: Registry, part: PartRecord
) -> None:
    with registry.write() as work:
        version = dataset(work, part)
    engine = create_engine(parse_address(registry_url))
    with pytest.raises(DBAPIError, match="never changes"), engine.begin() as connection:
        connection.execute(text("UPDATE dataset_versions SET manifest_sha256 = :new"), {"new": sha("new")})
    engine.dispose()
    with registry.read() as work:
        assert work.datasets.list(part.id) == [version]


def _export(version_id: int, **changes: Any) -> dict[str, Any]:
    facts = {
        "dataset_version_id": version_id,
        "format": "coco",
        "out_dir": "/plant/out",
        "manifest_sha256": sha("manifest"),
        "tree_sha256": sha("tree"),
        "override_reason": None,
        "read_back": {"iou_min": 1.0},
    }
    return facts | changes


def test_exports_come_back_as_they_were_stored(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        version = dataset(work, part)
        first = work.exports.add(part.id, **_export(version.id))
        second = work.exports.add(part.id, **_export(version.id, override_reason="wanted by the line lead"))
    with registry.read() as work:
        assert work.exports.list(part.id) == [first, second]
    assert (first.format, first.out_dir, first.read_back) == ("coco", "/plant/out", {"iou_min": 1.0})
    assert (first.manifest_sha256, first.tree_sha256) == (sha("manifest"), sha("tree"))
    assert (first.override_reason, second.override_reason) == (None, "wanted by the line lead")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"manifest_sha256": "x"}, BadRecord),
        ({"tree_sha256": "x"}, BadRecord),
        ({"override_reason": "  "}, BadRecord),
        ({"dataset_version_id": 99}, NotFound),
    ],
)
def test_an_export_needs_a_version_hashes_and_a_reason(
    registry: Registry, part: PartRecord, changes: dict[str, Any], error: type[Exception]
) -> None:
    with registry.write() as work:
        version = dataset(work, part)
    with pytest.raises(error), registry.write() as work:
        work.exports.add(part.id, **_export(version.id, **changes))


def test_an_export_stays_within_its_part(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        version = dataset(work, part)
        other = work.parts.add("ring", source_root="x")
    with pytest.raises(NotFound, match="one part"), registry.write() as work:
        work.exports.add(other.id, **_export(version.id))
