"""YOLO segmentation label files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from factory_gen.errors import GateNotPassed
from factory_gen.export import yolo
from factory_gen.export.gate import Gate
from factory_gen.export.item import mask_digest
from factory_gen.export.readback import compare, judge
from tests.factory_gen.export.drawn_items import MASKS, all_shapes, export, good, item


@pytest.mark.parametrize(
    ("shape", "objects"),
    [
        ("rectangle", 1),
        ("hole", 1),
        ("island_in_hole", 2),
        ("several_parts", 3),
        ("corner_touch", 1),
        ("diagonal_crack", 1),
        ("one_pixel", 1),
        ("two_pixels", 1),
    ],
)
def test_every_part_is_an_object_that_a_reader_accepts(shape: str, objects: int) -> None:
    lines = yolo.label_text(MASKS[shape], 4).splitlines()
    assert len(lines) == objects
    for line in lines:
        number, *shares = line.split()
        points = np.array(shares, dtype=np.float64).reshape(-1, 2)
        assert number == "4"
        # Ultralytics takes a line for a polygon from three points on, and drops boxes without area.
        assert len(points) >= 3
        assert (np.ptp(points, axis=0) > 0).all()
        assert points.min() >= 0
        assert points.max() <= 1


def test_data_yaml_names_classes_and_folders_relative_to_itself(tmp_path: Path) -> None:
    export(yolo.FORMAT, tmp_path / "out", all_shapes())
    config = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
    assert config["names"] == {0: "blow hole", 1: "crack"}
    assert (tmp_path / "out" / config["train"]).is_dir()
    assert "path" not in config
    assert "val" in config


def test_class_numbers_follow_the_names(tmp_path: Path) -> None:
    export(yolo.FORMAT, tmp_path / "out", [item(0, defect_type="crack"), item(1, defect_type="blow hole")])
    heads = {path.stem: path.read_text().split()[0] for path in (tmp_path / "out/labels").glob("*.txt")}
    assert heads.pop("crack_000000") == "1"
    assert list(heads.values()) == ["0"]


def test_good_pictures_get_an_empty_label_file(tmp_path: Path) -> None:
    export(yolo.FORMAT, tmp_path / "out", [item()], [good()])
    assert (tmp_path / "out/labels/good_000000.txt").read_text() == ""


def test_what_polygons_lose_is_measured_and_stops_the_export(tmp_path: Path) -> None:
    ring = item(0, MASKS["hole"])
    export(yolo.FORMAT, tmp_path / "out", [ring])
    # A tool that drops the cut, as many do, fills the hole.
    outer = "0 " + " ".join(
        f"{x / 53:.6f} {y / 37:.6f}" for x, y in ((5.5, 5.5), (29.5, 5.5), (29.5, 24.5), (5.5, 24.5))
    )
    (tmp_path / "out/labels/crack_000000.txt").write_text(outer + "\n")
    (result,) = compare(
        yolo.read_back(tmp_path / "out"),
        {ring.name: mask_digest(ring.mask)},
        {ring.name: tmp_path / "out/masks/crack_000000.png"},
        yolo.FORMAT.views,
    )
    assert result.worst_iou == pytest.approx(ring.mask.sum() / (20 * 25))
    assert (result.exact, result.below, result.worst) == (0, 1, "crack_000000")
    with pytest.raises(GateNotPassed, match="1 of 1 below"):
        judge([result], Gate())
    reason = Gate("holes do not matter here")
    judge([result], reason)
    assert reason.overridden == {"read_back": 1}
