"""COCO: both annotation files as pycocotools sees them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from factory_gen.export import coco
from factory_gen.export.outlines import edge_outlines
from tests.factory_gen.export.drawn_items import MASKS, all_shapes, export, good, item, rectangle

both_files = pytest.mark.parametrize("name", [coco.RLE, coco.POLYGON])


@both_files
def test_boxes_areas_and_categories(tmp_path: Path, name: str) -> None:
    items = [item(0, rectangle(4, 7, 16, 21)), item(1, MASKS["several_parts"], "blow hole")]
    export(coco.FORMAT, tmp_path / "out", items)
    data = json.loads((tmp_path / "out" / name).read_text())
    assert data["categories"] == [
        {"id": 1, "name": "blow hole", "supercategory": "defect"},
        {"id": 2, "name": "crack", "supercategory": "defect"},
    ]
    first, second = data["annotations"]
    assert (first["bbox"], first["area"], first["category_id"]) == ([7, 4, 14, 12], 168, 2)
    assert (second["bbox"], second["area"]) == ([1, 1, 44, 34], float(MASKS["several_parts"].sum()))
    assert second["category_id"] == 1
    assert first["iscrowd"] == second["iscrowd"] == 0


@both_files
def test_file_names_lead_to_the_pictures(tmp_path: Path, name: str) -> None:
    export(coco.FORMAT, tmp_path / "out", [item(0), item(1)], [good()])
    data = json.loads((tmp_path / "out" / name).read_text())
    assert [image["id"] for image in data["images"]] == [1, 2, 3]
    assert [image["synthetic"] for image in data["images"]] == [True, True, False]
    assert [(image["height"], image["width"]) for image in data["images"]] == [(37, 53), (37, 53), (20, 24)]
    assert all((tmp_path / "out" / image["file_name"]).is_file() for image in data["images"])
    assert [note["image_id"] for note in data["annotations"]] == [1, 2]


def test_pycocotools_loads_the_polygons_as_polygons(tmp_path: Path) -> None:
    export(coco.FORMAT, tmp_path / "out", [item(0, MASKS["several_parts"])])
    reader = COCO(str(tmp_path / "out" / coco.POLYGON))
    (note,) = reader.loadAnns(reader.getAnnIds())
    assert [len(part) for part in note["segmentation"]] == [8, 8, 8]


def test_reading_back_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(coco.FORMAT, tmp_path / "out", all_shapes())
    assert capsys.readouterr().out == ""


def test_edge_outlines_of_a_square_run_along_its_edges() -> None:
    (outline,) = edge_outlines(rectangle(2, 3, 5, 7))
    assert {tuple(point) for point in outline.tolist()} == {(3, 2), (7, 2), (7, 5), (3, 5)}


def test_the_masks_folder_holds_every_mask_without_loss(tmp_path: Path) -> None:
    export(coco.FORMAT, tmp_path / "out", all_shapes())
    assert len(list((tmp_path / "out/masks").glob("*.png"))) == len(MASKS)
    assert np.all(
        [result.exact == len(MASKS) for result in export(coco.FORMAT, tmp_path / "b", all_shapes()).read_back]
    )
