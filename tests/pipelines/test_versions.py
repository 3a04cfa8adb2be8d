from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import NotFound
from factory_gen.errors import UsageError
from pipelines import versions
from pipelines.wiring import Workplace
from tests.data_registry.rows import sha
from tests.pipelines.ingested import PART, workplace


def publish(work: Workplace, kind: str, members: list[dict[str, Any]]) -> None:
    data = b"".join(json.dumps(member).encode() + b"\n" for member in members)
    manifest = work.blobs.put(data)
    with work.registry.write() as rows:
        part = next(iter(rows.parts.list()), None) or rows.parts.add(PART, source_root="x")
        rows.datasets.add(part.id, kind=kind, manifest_sha256=manifest, counts={"images": len(members)})


def picture(name: str, defect_type: str | None = None, **changes: Any) -> dict[str, Any]:
    facts = {"relative_path": name, "sha256": sha(name), "defect_type": defect_type, "split": "generator"}
    return facts | {"mask_sha256": None} | changes


def drawn(index: int, name: str, image: str) -> dict[str, Any]:
    lineage = {"request_sha256": sha("r"), "index": index, "defect_type": "crack"}
    return {"kind": "sample", "name": name, "image_sha256": sha(image), "lineage": lineage}


def test_a_difference_is_told_by_member_type_and_fact(tmp_path: Path) -> None:
    with workplace(tmp_path / "home") as work:
        publish(work, "catalogue", [picture("a"), picture("b"), picture("c", "crack"), picture("c", "pit")])
        publish(
            work,
            "catalogue",
            [
                picture("a"),
                picture("c", "crack", mask_sha256=sha("m"), split="holdout"),
                picture("c", "pit"),
                picture("d"),
                picture("e", "pit"),
            ],
        )
        found = versions.diff(work, PART, 1, 2)
        back = versions.diff(work, PART, 2, 1)
        listed = versions.list_versions(work, PART).versions
    assert (found.same, found.added, found.removed, found.changed) == (2, 2, 1, 1)
    assert (found.added_by, found.removed_by) == ({"good": 1, "pit": 1}, {"good": 1})
    assert found.changed_in == {"mask_sha256": 1, "split": 1}
    assert found.examples == {"added": ["d", "e"], "removed": ["b"], "changed": ["c"]}
    assert (back.added, back.removed, back.changed) == (1, 2, 1)
    assert [(one.version, one.members) for one in listed] == [("catalogue 1", 4), ("catalogue 2", 5)]


def test_samples_are_told_apart_by_what_they_are_not_by_their_place(tmp_path: Path) -> None:
    good = {"kind": "good", "name": "good_0", "source_image": "a", "source_sha256": sha("a")}
    with workplace(tmp_path / "home") as work:
        publish(work, "synthetic", [drawn(0, "crack_0", "x"), drawn(1, "crack_1", "y"), good])
        publish(work, "synthetic", [drawn(1, "crack_0", "y"), drawn(2, "crack_1", "z"), good])
        found = versions.diff(work, PART, 1, 2, kind="synthetic")
        same = versions.diff(work, PART, 1, 1, kind="synthetic")
    assert (found.same, found.added, found.removed, found.changed) == (2, 1, 1, 0)
    assert found.added_by == {"crack": 1}
    assert (same.same, same.added, same.removed, same.changed, same.examples) == (3, 0, 0, 0, {})


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with workplace(tmp_path / "home") as work:
        publish(work, "catalogue", [picture("a")])
        with pytest.raises(NotFound, match="version from 1 to 1"):
            versions.diff(work, PART, 1, 7)
        with pytest.raises(UsageError, match="kind"):
            versions.diff(work, PART, 1, 1, kind="other")
        with pytest.raises(NotFound):
            versions.list_versions(work, "nothing")
