"""The contract that every export format keeps, looped over the table."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from factory_gen.errors import UsageError
from factory_gen.export.formats import FORMATS, find_format
from factory_gen.export.layout import Format
from factory_gen.export.tree import hash_folder, tree_sha256
from tests.factory_gen.export.drawn_items import all_shapes, export, good, item

every_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())


@every_format
def test_every_shape_comes_back_exactly(fmt: Format, tmp_path: Path) -> None:
    items = all_shapes()
    written = export(fmt, tmp_path / "out", items)
    views = {result.view: result for result in written.read_back}
    assert views.keys() == {"manifest.jsonl", *fmt.views}
    for result in views.values():
        assert (result.masks, result.worst_iou, result.worst) == (len(items), 1.0, None)


@every_format
def test_the_reader_sees_the_masks_that_were_meant(fmt: Format, tmp_path: Path) -> None:
    meant = {one.name: one.mask for one in all_shapes()}
    export(fmt, tmp_path / "out", all_shapes())
    seen = [(one.view, one.name) for one in fmt.read_back(tmp_path / "out")]
    assert sorted(seen) == sorted((view, name) for view in fmt.views for name in meant)
    for one in fmt.read_back(tmp_path / "out"):
        np.testing.assert_array_equal(one.mask, meant[one.name])


@every_format
def test_manifest_has_a_full_line_for_every_synthetic_file(fmt: Format, tmp_path: Path) -> None:
    items = all_shapes()
    export(fmt, tmp_path / "out", items, [good(0), good(1)])
    lines = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text().splitlines()]
    assert len(lines) == len(items)
    for line, meant in zip(lines, items, strict=True):
        image, mask = tmp_path / "out" / line["image"], tmp_path / "out" / line["mask"]
        assert image.read_bytes() == meant.image_png
        assert line["image_sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
        assert line["mask_sha256"] == hashlib.sha256(mask.read_bytes()).hexdigest()
        np.testing.assert_array_equal(np.asarray(Image.open(mask)) == 255, meant.mask)
        assert line["synthetic"] is True
        assert {key: line[key] for key in meant.lineage} == dict(meant.lineage)


@every_format
def test_real_pictures_are_copied_and_listed_apart(fmt: Format, tmp_path: Path) -> None:
    goods = [good(0), good(1)]
    written = export(fmt, tmp_path / "out", [item()], goods)
    lines = [json.loads(line) for line in (tmp_path / "out/manifest_real.jsonl").read_text().splitlines()]
    assert written.goods == len(lines) == 2
    for line, meant in zip(lines, goods, strict=True):
        assert (tmp_path / "out" / line["image"]).read_bytes() == meant.data
        assert (line["synthetic"], line["source_image"]) == (False, meant.source_image)
        assert line["source_sha256"] == meant.source_sha256
    assert "good_" not in (tmp_path / "out/manifest.jsonl").read_text()


@every_format
def test_without_real_pictures_there_is_no_list_of_them(fmt: Format, tmp_path: Path) -> None:
    export(fmt, tmp_path / "out", [item()])
    assert not (tmp_path / "out/manifest_real.jsonl").exists()


@every_format
def test_the_same_version_gives_the_same_bytes(fmt: Format, tmp_path: Path) -> None:
    first = export(fmt, tmp_path / "first", all_shapes(), [good()])
    second = export(fmt, tmp_path / "deep/er/second", all_shapes(), [good()])
    assert first == second
    on_disk = hash_folder(tmp_path / "first")
    assert on_disk == hash_folder(tmp_path / "deep/er/second")
    assert first.tree_sha256 == tree_sha256(on_disk)
    assert first.manifest_sha256 == on_disk["manifest.jsonl"]


@every_format
def test_the_card_says_what_a_person_must_know(fmt: Format, tmp_path: Path) -> None:
    export(fmt, tmp_path / "out", all_shapes(), [good()])
    card = (tmp_path / "out/DATASET_CARD.md").read_text()
    for text in (
        "tile, version 3",
        "Synthetic: yes",
        "| blow hole | 8 |",
        "| crack | 8 |",
        f"| 2 | `{'ab' * 32}` | 16 |",
        "euler with 4 steps (16)",
        "from 100 to 115",
        "| passed | 16 of 16 |",
        "| contrast | 0.25 | 7.75 | 15.25 |",
        "| outside.changed | 0 | 0 | 0 |",
        "16 of 16",
        "1 real good pictures",
        "- A note.",
        "classification",
        fmt.how_to_load,
    ):
        assert text in card, text
    assert "Exported against a check" not in card
    assert str(tmp_path) not in card


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    assert find_format("coco") is FORMATS["coco"]
    with pytest.raises(UsageError, match="mvtec, coco, yolo, anomalib"):
        find_format("voc")
