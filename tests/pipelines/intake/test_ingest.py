"""Ingest end to end on drawn folders: what the report says, what is stored, and that both are the same."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from factory_gen.images.decode import turned
from factory_gen.images.files import encode_mask, read_mask, read_picture
from pipelines import ingest
from pipelines.intake.options import IngestOptions
from tests.drawn_files import SIZE, blob_mask, colour, deep, grey, mask_png, png, saved, with_turn, write
from tests.drawn_folders import coco, mvtec, ok_ng, runs, square
from tests.pipelines.ingested import PART, blobs, manifest, stored, workplace

MASK = blob_mask()
BY_FILE = IngestOptions(look_alikes=False)


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as target:
        for file in sorted(folder.rglob("*.*")):
            target.write(file, file.relative_to(folder))
    return path


def coco_set(root: Path) -> Path:
    shapes = [
        {"image_id": 0, "category_id": 1, "segmentation": square(12, 10, 6)},
        {"image_id": 1, "category_id": 1, "segmentation": runs(MASK)},
    ]
    return coco(root, shapes, images=5)


SOURCES: dict[str, tuple[Callable[[Path], Path], str, int, dict[str, int], str]] = {
    "mvtec": (mvtec, "mvtec", 8, {"crack": 4, "pit": 3}, "file"),
    "ok_ng": (ok_ng, "ok_ng", 6, {"defect": 3}, "file"),
    "masks beside": (lambda root: ok_ng(root, masks="beside"), "ok_ng", 6, {"defect": 3}, "file"),
    "coco": (coco_set, "coco", 3, {"crack": 2}, "coco"),
    "zip": (lambda root: zipped(mvtec(root)), "mvtec", 8, {"crack": 4, "pit": 3}, "file"),
}


@pytest.mark.parametrize("case", SOURCES)
def test_every_layout_is_stored_as_it_was_reported(tmp_path: Path, case: str) -> None:
    build, layout, good, defects, origin = SOURCES[case]
    source = build(tmp_path / "set")
    with workplace(tmp_path / "home") as work:
        planned = ingest.run(work, source, PART, options=BY_FILE, dry_run=True)
        assert (stored(work), blobs(work)) == ({}, set())
        report = ingest.run(work, source, PART, options=BY_FILE)
        rows = stored(work)

        assert (report.layout, report.good) == (layout, good)
        assert {one.defect_type: (one.pictures, one.with_mask) for one in report.defects} == {
            name: (count, count) for name, count in defects.items()
        }
        assert report.refused == () and report.added == len(rows) == good + sum(defects.values())
        written = {"dry_run", "added", "dataset_version", "seconds", "images_per_s"}
        for field in dataclasses.fields(report):
            if field.name not in written:
                assert getattr(report, field.name) == getattr(planned, field.name), field.name
        for (_, defect_type), row in rows.items():
            read_picture(work.blobs.read(row.sha256), row.relative_path)
            assert (row.height, row.width, row.mode, row.bit_depth) == (*SIZE, "L", 8)
            assert (row.mask_origin is None) == (defect_type is None)
            if row.mask_sha256 is not None:
                assert row.mask_origin == origin
                assert work.blobs.read(row.mask_sha256) == encode_mask(MASK)
        counted: dict[str, int] = {}
        for row in rows.values():
            name = f"{row.split} {row.defect_type or 'good'}"
            counted[name] = counted.get(name, 0) + 1
        assert counted == report.splits


def test_the_original_bytes_are_kept_and_the_source_is_not_touched(tmp_path: Path) -> None:
    source = mvtec(tmp_path / "set")
    before = {path: path.read_bytes() for path in source.rglob("*.png")}
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART)
        for row in stored(work).values():
            assert work.blobs.read(row.sha256) == before[source / row.relative_path]
    assert {path: path.read_bytes() for path in source.rglob("*.png")} == before


def test_the_report_names_everything_that_was_met(tmp_path: Path) -> None:
    source = ok_ng(tmp_path / "set", masks=None)
    write(
        source,
        {
            "ok/c.png": png(colour()),
            "ok/d.png": png(deep(grey(70), 12)),
            "ok/e.png": saved(np.dstack([colour(8), grey(8)]), "PNG"),
            "ok/copy.png": png(grey(0)),
            "ok/bad.png": b"no picture",
            "ok/cut.png": png(grey(1))[:200],
            "ok/Thumbs.db": b"x",
            "notes.txt": b"x",
            "masks/d0.png": mask_png(MASK),
            "masks/gone.png": mask_png(MASK),
            "ng/tiny.png": png(grey(90)),
            "masks/tiny.png": mask_png(blob_mask(side=1)),
        },
    )
    with workplace(tmp_path / "home") as work:
        report = ingest.run(work, source, PART)
    assert report.good == 9
    assert report.duplicates == 1
    assert [(one.pictures, one.with_mask) for one in report.defects] == [(4, 2)]
    assert report.mask_wanted == ("ng/d1.png", "ng/d2.png")
    assert report.masks_unmatched == ("masks/gone.png",)
    assert report.refused_by_reason == {"wrong-format": 1, "truncated": 1}
    assert {one.path for one in report.refused} == {"ok/bad.png", "ok/cut.png"}
    assert all(one.expected and one.found and one.action for one in report.refused)
    assert report.left_out == {"system-file": 1, "other-file": 1}
    assert report.modes == {"L 8 bit": 10, "RGB 8 bit": 2, "L 12 bit": 1}
    assert report.conversions == {"12 bits in 16": 1, "alpha dropped": 1}
    assert report.sizes == {f"{SIZE[1]} x {SIZE[0]}": 13}
    text = "\n".join(report.warnings)
    assert "mixed modes: 10 L 8 bit, 2 RGB 8 bit, 1 L 12 bit" in text
    assert "1 pictures with a mask of fewer than 4 pixels, for example ng/tiny.png" in text
    assert any("defects with exact masks on good parts: defect" in line for line in report.possible)


@pytest.mark.parametrize(
    "defects, warning, possible",
    [
        ({}, "no defective pictures", "missing for defects"),
        ({"crack": 1}, "one picture of crack", "defects with exact masks on good parts: crack"),
        ({"crack": 3}, "groups were guessed", "whole-window generation of good parts"),
    ],
)
def test_few_or_no_defects_are_accepted_and_explained(
    tmp_path: Path, defects: dict[str, int], warning: str, possible: str
) -> None:
    with workplace(tmp_path / "home") as work:
        report = ingest.run(work, mvtec(tmp_path / "set", defects=defects), PART)
        assert report.added == len(stored(work)) == 8 + sum(defects.values())
    assert any(warning in line for line in report.warnings)
    assert any(possible in line for line in report.possible)


def test_defects_without_masks_are_kept_apart_and_wanted(tmp_path: Path) -> None:
    with workplace(tmp_path / "home") as work:
        report = ingest.run(work, ok_ng(tmp_path / "set", masks=None), PART)
        defects = [row for row in stored(work).values() if row.kind == "defect"]
    assert len(defects) == report.mask_wanted_count == 3
    assert all(row.mask_sha256 is None for row in defects)
    assert "missing for defect: a mask for at least one picture" in report.possible


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
@pytest.mark.parametrize("drawn_on", ["shown", "stored"])
def test_an_exif_turn_is_applied_to_picture_and_mask_once(tmp_path: Path, turn: int, drawn_on: str) -> None:
    shown = turned(MASK, turn)
    if drawn_on == "stored" and turn < 5:
        shown = MASK  # the sizes agree: the mask is taken as drawn over the shown picture
    mask = shown if drawn_on == "shown" else MASK
    source = write(
        tmp_path / "set",
        {
            "ok/1.png": png(grey(1)),
            "ng/1.jpg": with_turn(grey(2), "JPEG", turn),
            "masks/1.png": mask_png(mask),
        },
    )
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART)
        row = stored(work)["ng/1.jpg", "defect"]
        assert row.mask_sha256 is not None
        picture = read_picture(work.blobs.read(row.sha256), "a")
        got = read_mask(work.blobs.read(row.mask_sha256), "a", size=(row.height, row.width))
    assert (row.height, row.width) == (picture.height, picture.width) == shown.shape
    np.testing.assert_array_equal(got, shown)
    assert (f"exif-turned-{turn}" in row.conversions) == (turn != 1)


def test_all_sixteen_bit_pictures_of_a_part_get_one_depth(tmp_path: Path) -> None:
    dark, bright = (grey(1) // 8).astype(np.uint16), deep(grey(2), 12)
    source = write(tmp_path / "set", {"ok/dark.png": png(dark), "ok/bright.png": png(bright)})
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART)
        rows = stored(work)
        assert {row.bit_depth for row in rows.values()} == {12}
        assert {row.conversions for row in rows.values()} == {("12 bits in 16",)}
        write(source, {"ok/later.png": png(deep(grey(3), 16))})
        report = ingest.run(work, source, PART)
        assert any("12 bits, these as 16" in line for line in report.warnings)


def test_one_picture_with_several_types_gives_a_row_and_a_mask_for_each(tmp_path: Path) -> None:
    source = mvtec(tmp_path / "set", defects={"mixed": 3})
    boxes = [
        {"id": 0, "image_id": 0, "category_id": 1, "bbox": [12, 10, 3, 6]},
        {"id": 1, "image_id": 0, "category_id": 2, "bbox": [15, 10, 30, 6]},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 0, 48, 40]},
    ]
    content = {
        "images": [{"id": n, "file_name": f"test/mixed/{n:03d}.png"} for n in range(2)],
        "annotations": boxes,
        "categories": [{"id": 1, "name": "open"}, {"id": 2, "name": "short"}],
    }
    write(source, {"annotations.json": json.dumps(content).encode()})
    with workplace(tmp_path / "home") as work:
        report = ingest.run(work, source, PART, options=IngestOptions(layout="coco"))
        rows = stored(work)
        first, second = (rows["test/mixed/000.png", name] for name in ("open", "short"))
        masks = [read_mask(work.blobs.read(row.mask_sha256 or ""), "a", size=SIZE) for row in (first, second)]
    assert report.good == 8
    assert {one.defect_type: one.pictures for one in report.defects} == {"open": 1, "short": 2}
    assert (first.sha256, first.group, first.split) == (second.sha256, second.group, second.split)
    np.testing.assert_array_equal(masks[0] | masks[1], MASK)
    assert not (masks[0] & masks[1]).any()
    assert [mask.sum() for mask in masks] == [18, 18]


def test_the_manifest_lists_every_member_in_order(tmp_path: Path) -> None:
    with workplace(tmp_path / "home") as work:
        options = IngestOptions(mm_per_pixel=0.05)
        report = ingest.run(work, mvtec(tmp_path / "set"), PART, options=options)
        members = manifest(work)
        rows = stored(work)
        with work.registry.read() as tables:
            part = tables.parts.get(PART)
            version = tables.datasets.latest(part.id, "catalogue")
    assert report.dataset_version == 1
    assert [one["relative_path"] for one in members] == sorted(path for path, _ in rows)
    for one in members:
        row = rows[one["relative_path"], one["defect_type"]]
        assert {key: getattr(row, key) for key in one} == one
    assert part.mm_per_pixel == 0.05
    assert {row.mm_per_pixel for row in rows.values()} == {0.05}
    assert version is not None
    assert version.counts["images"] == 15
    assert version.counts["defect:crack"] == 4
    assert version.counts["masks"] == 7
    assert version.counts["generator"] + version.counts["holdout"] == 15


def test_masks_may_be_soft_or_several_when_the_user_says_so(tmp_path: Path) -> None:
    soft = MASK.astype(np.uint8) * np.uint8(200)
    second = blob_mask(at=(30, 30))
    source = write(
        tmp_path / "set",
        {
            "ok/1.png": png(grey(1)),
            "ng/1.png": png(grey(2)),
            "masks/1.png": png(soft),
            "masks/1_mask.png": mask_png(second),
        },
    )
    with workplace(tmp_path / "home") as work:
        options = IngestOptions(mask_threshold=128, join_masks=True)
        ingest.run(work, source, PART, options=options)
        row = stored(work)["ng/1.png", "defect"]
        assert work.blobs.read(row.mask_sha256 or "") == encode_mask(MASK | second)
