from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import NotFound
from data_registry.records import NewImage, PartRecord
from data_registry.session import Work
from pipelines import status
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace
from tests.data_registry.rows import dataset, defect, good, model, sample, sha

BARE: dict[str, Any] = {"mask_sha256": None, "mask_origin": None}
GOOD = [good("a"), good("b", split="holdout")]
MASKED = [defect("c"), defect("d", split="holdout")]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    with open_workplace(load_settings({"home": tmp_path}, environ={}).settings) as opened:
        yield opened


def _fill(rows: Work, images: list[NewImage], *steps: str) -> PartRecord:
    """A part that has gone through these steps of the job."""
    part = rows.parts.add("tile", source_root="tiles")
    rows.images.add_many(part.id, images)
    version = dataset(rows, part)
    if "failed" in steps:
        model(rows, part, version, status="failed")
    if "train" in steps:
        trained = model(rows, part, version)
        rows.models.set_alias(part.id, "champion", trained.id)
    if "generate" in steps:
        rows.samples.add_many(part.id, [sample(rows.images.page(part.id)[0], trained, at) for at in range(3)])
        first, second, _ = rows.samples.page(part.id)
        rows.reviews.add(first.id, decision="ok", reviewer="Sato")
        rows.reviews.add(second.id, decision="ng", reviewer="Sato", reason="faint")
    for decision in {"helps", "not proven"} & set(steps):
        low = 0.01 if decision == "helps" else -0.01
        rows.verdicts.add(
            part.id,
            dataset_version_id=version.id,
            decision=decision,
            metric="pixel_ap_macro",
            lift=0.02,
            lift_low=low,
            lift_high=0.05,
            settings_sha256=sha("settings"),
            report={},
        )
    if "export" in steps:
        rows.exports.add(
            part.id,
            dataset_version_id=version.id,
            format="coco",
            out_dir="/plant/out",
            manifest_sha256=sha("m"),
            tree_sha256=sha("t"),
            override_reason="asked for by the line lead",
            read_back={},
        )
    return part


def test_an_empty_registry_says_how_to_begin(work: Workplace) -> None:
    report = status.run(work)
    assert report.parts == ()
    assert "factory-gen ingest" in report.next_step


def test_a_part_is_told_in_full(work: Workplace) -> None:
    images = [*GOOD, *MASKED, defect("e", **BARE), defect("f", defect_type="pit", **BARE)]
    with work.registry.write() as rows:
        _fill(rows, images, "failed", "train", "generate", "export")
    report = status.run(work)
    assert report.next_step == ""
    [line] = report.parts
    assert (line.part, line.good, line.defective, line.mask_wanted) == ("tile", 2, 4, 2)
    assert (line.generator_groups, line.holdout_groups) == (4, 2)
    assert (line.models, line.samples, line.exports) == (2, 3, 1)
    assert {(one.defect_type, one.split): (one.pictures, one.with_mask) for one in report.pictures} == {
        ("good", "generator"): (1, 0),
        ("good", "holdout"): (1, 0),
        ("crack", "generator"): (2, 1),
        ("crack", "holdout"): (1, 1),
        ("pit", "generator"): (1, 0),
    }
    assert [(one.version, one.members) for one in report.versions] == [("catalogue 1", 1)]
    assert [(one.model, one.status, one.aliases) for one in report.models] == [
        (1, "failed", ()),
        (2, "ready", ("champion",)),
    ]
    [made] = report.samples
    assert (made.defect_type, made.model, made.samples) == ("crack", 2, 3)
    assert (made.ok, made.ng, made.undecided, made.not_reviewed) == (1, 1, 0, 1)
    [export] = report.exports
    assert (export.format, export.override_reason) == ("coco", "asked for by the line lead")


@pytest.mark.parametrize(
    ("images", "steps", "sentence"),
    [
        ([defect("d")], (), "Ingest good pictures"),
        (GOOD, (), "whole good pictures only"),
        (GOOD + MASKED, (), "factory-gen train --part tile`."),
        (GOOD + MASKED, ("failed",), "factory-gen train --part tile`."),
        ([*GOOD, defect("e", **BARE)], ("train",), "defective pictures with masks"),
        (GOOD + MASKED, ("train",), "factory-gen generate --part tile --defect crack"),
        (GOOD + MASKED, ("train", "generate"), "factory-gen gate --part tile"),
        (GOOD + MASKED, ("train", "generate", "not proven"), "'not proven'"),
        (GOOD + MASKED, ("train", "generate", "helps"), "factory-gen export --part tile"),
        (GOOD + MASKED, ("train", "generate", "export"), "All steps done"),
    ],
)
def test_the_next_step_follows_from_what_is_there(
    work: Workplace, images: list[NewImage], steps: tuple[str, ...], sentence: str
) -> None:
    with work.registry.write() as rows:
        _fill(rows, images, *steps)
    assert sentence in status.run(work).parts[0].next_step


def test_one_part_can_be_asked_for(work: Workplace) -> None:
    with work.registry.write() as rows:
        _fill(rows, GOOD + MASKED)
        rows.parts.add("ring", source_root="rings")
    assert [line.part for line in status.run(work).parts] == ["ring", "tile"]
    only = status.run(work, "ring")
    assert [line.part for line in only.parts] == ["ring"]
    assert only.pictures == only.versions == ()
    with pytest.raises(NotFound, match="tile"):
        status.run(work, "tiel")
