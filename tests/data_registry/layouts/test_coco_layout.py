"""COCO json files: one finding per picture and type, boxes cut from mask files, every odd entry named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data_registry.layouts.coco import scan
from data_registry.layouts.found import (
    Finding,
    Found,
    LayoutRefused,
    Leftover,
    MaskInBoxes,
    MaskShapes,
    Rejected,
)
from tests.drawn_files import blob_mask, grey, mask_png, png, write
from tests.drawn_folders import coco, square

CRACK = {"image_id": 0, "category_id": 1}


def found(root: Path) -> list[Found]:
    return sorted(
        (one for one in scan(root) if isinstance(one, Found)),
        key=lambda one: (one.relative_path, one.defect_type or ""),
    )


def reasons(findings: list[Finding]) -> list[tuple[str, str]]:
    return sorted((one.relative_path, one.reason) for one in findings if isinstance(one, Leftover | Rejected))


def test_a_picture_gives_one_finding_per_type_and_none_means_good(tmp_path: Path) -> None:
    shapes = [
        {**CRACK, "segmentation": square()},
        {**CRACK, "segmentation": square(20)},
        {"image_id": 0, "category_id": 2, "segmentation": square(30)},
    ]
    root = coco(tmp_path, shapes, images=2)
    crack, pit, good = found(root)
    assert (crack.relative_path, crack.defect_type) == ("images/0.png", "crack")
    assert crack.mask == MaskShapes((square(), square(20)), 48, 40)
    assert (pit.defect_type, pit.mask) == ("pit", MaskShapes((square(30),), 48, 40))
    assert (good.relative_path, good.kind, good.mask) == ("images/1.png", "good", None)


def test_boxes_alone_want_a_mask_and_take_their_part_of_a_mask_file(tmp_path: Path) -> None:
    root = coco(tmp_path, [{**CRACK, "bbox": [1, 2, 3, 4]}], images=1)
    assert [one.mask for one in found(root)] == [None]
    write(root, {"ground_truth/0_mask.png": mask_png(blob_mask())})
    assert [one.mask for one in found(root)] == [MaskInBoxes(("ground_truth/0_mask.png",), ((1, 2, 3, 4),))]


def test_good_folders_that_the_json_does_not_list_are_good(tmp_path: Path) -> None:
    root = coco(tmp_path, [{**CRACK, "segmentation": square()}], images=1)
    picture = png(grey(9))
    write(root, {"train/good/1.png": picture, "test/good/2.png": picture, "reference/3.png": picture})
    assert {(one.relative_path, one.kind, one.hint) for one in found(root)} == {
        ("images/0.png", "defect", None),
        ("train/good/1.png", "good", "train"),
        ("test/good/2.png", "good", "test"),
    }
    assert reasons(list(scan(root))) == [("reference/3.png", "outside-layout")]


def test_a_json_in_its_own_folder_names_pictures_beside_it(tmp_path: Path) -> None:
    coco(tmp_path / "valid", [], images=1)
    assert [(one.relative_path, one.hint) for one in found(tmp_path)] == [("valid/images/0.png", "test")]


@pytest.mark.parametrize(
    "annotation, reason",
    [
        ({"image_id": 0, "category_id": 7, "segmentation": square()}, "unknown-category"),
        ({"image_id": 0, "category_id": [], "segmentation": square()}, "unknown-category"),
        ({"image_id": 99, "category_id": 1}, "annotation-without-image"),
        ({"category_id": 1}, "annotation-without-image"),
        ({**CRACK, "bbox": [1, 2, 0, 4]}, "bad-box"),
        ({**CRACK, "bbox": [1, 2, float("nan"), 4]}, "bad-box"),
        ({**CRACK, "bbox": [1, 2, 1e309, 4]}, "bad-box"),
        ({**CRACK, "bbox": "all"}, "bad-box"),
    ],
)
def test_an_odd_annotation_is_named_and_the_rest_goes_on(
    tmp_path: Path, annotation: dict[str, Any], reason: str
) -> None:
    root = coco(tmp_path, [annotation], images=2)
    write(root, {"ground_truth/0_mask.png": mask_png(blob_mask())})
    findings = list(scan(root))
    assert reason in {name for _, name in reasons(findings)}
    assert any(isinstance(one, Found) and one.relative_path == "images/1.png" for one in findings)


@pytest.mark.parametrize(
    "file_name, reason",
    [
        ("../../etc/passwd", "unsafe-path"),
        ("/etc/passwd", "unsafe-path"),
        ("C:\\parts\\1.png", "unsafe-path"),
        ("a\u202e.png", "unsafe-path"),
        ("gone.png", "missing-image"),
        ("images/link.png", "missing-image"),
    ],
)
def test_a_json_cannot_point_out_of_the_folder(tmp_path: Path, file_name: str, reason: str) -> None:
    root = coco(tmp_path / "set", [], images=1)
    (root / "images/link.png").symlink_to(root / "images/0.png")
    content = json.loads((root / "annotations.json").read_text())
    content["images"] = [{"id": 0, "file_name": file_name}]
    (root / "annotations.json").write_text(json.dumps(content))
    named = [one.reason for one in scan(root) if isinstance(one, Rejected) and one.reason != "symlink"]
    assert named == [reason]


def test_a_windows_path_in_the_json_is_understood(tmp_path: Path) -> None:
    root = coco(tmp_path, [], images=1)
    text = (root / "annotations.json").read_text().replace("images/0.png", "images\\\\0.png")
    (root / "annotations.json").write_text(text)
    assert [one.relative_path for one in found(root)] == ["images/0.png"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"images": [',
        b'["images"]',
        b'{"images": {}, "annotations": [], "categories": []}',
        b'{"images": [{"id": 1}], "annotations": [], "categories": []}',
        b'{"images": [], "annotations": 3, "categories": []}',
        b'{"images": [], "annotations": []}',
        b'{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a\\u0000"}]}',
        b'{"images": ' + b"[" * 100_000,
    ],
)
def test_a_json_of_another_shape_refuses_the_folder(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, {"annotations.json": content})
    with pytest.raises(LayoutRefused) as caught:
        list(scan(tmp_path))
    assert caught.value.reason == "bad-coco"
    assert "annotations.json" in caught.value.expected
