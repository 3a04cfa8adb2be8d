"""Each layout finds its pictures, types and masks, and says which one it is."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from data_registry.layouts.found import Finding, Found, LayoutRefused, Leftover, MaskFiles, Rejected
from data_registry.layouts.table import LAYOUTS, detect, scan
from tests.drawn_files import blob_mask, grey, mask_png, png, write
from tests.drawn_folders import coco, mvtec, ok_ng, square

PICTURE, MASK = png(grey()), mask_png(blob_mask())


def findings(root: Path, layout: str = "auto") -> list[Finding]:
    return sorted(scan(root, detect(root, layout)), key=lambda finding: finding.relative_path)


def described(root: Path, layout: str = "auto") -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """path -> (type, masks) of every defective picture."""
    return {
        one.relative_path: (one.defect_type, one.mask.paths if isinstance(one.mask, MaskFiles) else ())
        for one in findings(root, layout)
        if isinstance(one, Found) and one.kind == "defect"
    }


def leftovers(root: Path, layout: str = "auto") -> set[tuple[str, str]]:
    return {(one.relative_path, one.reason) for one in findings(root, layout) if isinstance(one, Leftover)}


def test_every_layout_in_the_table_recognises_a_folder_of_its_own(tmp_path: Path) -> None:
    drawn = {
        "mvtec": mvtec(tmp_path / "mvtec"),
        "coco": coco(tmp_path / "coco", [{"image_id": 0, "category_id": 1, "segmentation": square()}]),
        "anomalib": write(tmp_path / "a", {"normal/1.png": PICTURE, "abnormal/1.png": PICTURE}),
        "ok_ng": ok_ng(tmp_path / "ok_ng"),
    }
    assert set(drawn) == set(LAYOUTS)
    for name, root in drawn.items():
        detected = detect(root)
        assert (detected.layout.name, detected.base, detected.others) == (name, "", ())
        assert any(isinstance(finding, Found) for finding in scan(root, detected))


def test_an_mvtec_tree_gives_types_masks_and_hints(tmp_path: Path) -> None:
    root = mvtec(tmp_path, good=2, test_good=1, defects={"crack": 1})
    write(root, {"ground_truth/good/000_mask.png": MASK, "readme.txt": b"x", "test/stray.png": PICTURE})
    write(root, {"ground_truth/crack/999_mask.png": MASK, "reference/1.png": PICTURE, "groups.csv": b""})
    found = {one.relative_path: one for one in findings(root) if isinstance(one, Found)}
    assert {path: (one.kind, one.hint) for path, one in found.items()} == {
        "train/good/000.png": ("good", "train"),
        "train/good/001.png": ("good", "train"),
        "test/good/000.png": ("good", "test"),
        "test/crack/000.png": ("defect", "test"),
    }
    assert described(root) == {"test/crack/000.png": ("crack", ("ground_truth/crack/000_mask.png",))}
    # a mask on a good picture is passed on, for the pixels to be judged
    assert found["test/good/000.png"].mask == MaskFiles(("ground_truth/good/000_mask.png",))
    assert leftovers(root) == {
        ("readme.txt", "other-file"),
        ("groups.csv", "groups-file"),
        ("test/stray.png", "outside-layout"),
        ("reference/", "outside-layout"),
        ("ground_truth/crack/999_mask.png", "mask-without-image"),
    }


OK_NG = {
    "masks folder": ({"ng/1.png", "masks/1.png"}, {"ng/1.png": ("defect", ("masks/1.png",))}),
    "mask folder, mask ending": (
        {"ng/1.png", "mask/1_mask.png"},
        {"ng/1.png": ("defect", ("mask/1_mask.png",))},
    ),
    "beside": ({"ng/1.png", "ng/1_mask.png"}, {"ng/1.png": ("defect", ("ng/1_mask.png",))}),
    "no mask": ({"ng/1.png"}, {"ng/1.png": ("defect", ())}),
    "types": (
        {"ng/crack/1.png", "ng/pit/2.png", "masks/crack/1.png"},
        {"ng/crack/1.png": ("crack", ("masks/crack/1.png",)), "ng/pit/2.png": ("pit", ())},
    ),
    "types below ng in masks": (
        {"ng/crack/1.png", "masks/ng/crack/1.png"},
        {"ng/crack/1.png": ("crack", ("masks/ng/crack/1.png",))},
    ),
    "masks inside ng": (
        {"ng/crack/1.png", "ng/masks/crack/1.png"},
        {"ng/crack/1.png": ("crack", ("ng/masks/crack/1.png",))},
    ),
    "other suffixes": (
        {"NG/1.JPG", "masks/1.BMP"},
        {"NG/1.JPG": ("defect", ("masks/1.BMP",))},
    ),
    "two masks": (
        {"ng/1.png", "masks/1.png", "masks/1_mask.png"},
        {"ng/1.png": ("defect", ("masks/1_mask.png", "masks/1.png"))},
    ),
    "japanese": ({"不良/1.png"}, {"不良/1.png": ("defect", ())}),
}


@pytest.mark.parametrize("case", OK_NG)
def test_ok_ng_folders_give_types_and_masks(tmp_path: Path, case: str) -> None:
    names, wanted = OK_NG[case]
    write(tmp_path, {"ok/1.png": PICTURE} | dict.fromkeys(names, PICTURE))
    assert detect(tmp_path).layout.name == "ok_ng"
    assert described(tmp_path) == wanted
    good = [one.relative_path for one in findings(tmp_path) if isinstance(one, Found) and one.kind == "good"]
    assert good == ["ok/1.png"]
    assert leftovers(tmp_path) == set()


def test_a_mask_whose_name_differs_in_case_is_listed_and_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, {"ok/1.png": PICTURE, "ng/Part1.png": PICTURE, "masks/part1.png": MASK})
    assert described(tmp_path) == {"ng/Part1.png": ("defect", ())}
    assert leftovers(tmp_path) == {("masks/part1.png", "mask-without-image")}


def test_a_flat_mask_that_fits_two_types_is_refused_for_both(tmp_path: Path) -> None:
    write(tmp_path, {f"ng/{kind}/1.png": PICTURE for kind in ("crack", "pit")} | {"masks/1.png": MASK})
    refused = [one for one in findings(tmp_path) if isinstance(one, Rejected)]
    assert [(one.relative_path, one.reason) for one in refused] == [
        ("ng/crack/1.png", "mask-ambiguous"),
        ("ng/pit/1.png", "mask-ambiguous"),
    ]


ANOMALIB = {
    "usual names": (
        {"normal/1.png", "abnormal/1.png", "mask/1.png", "normal_test/2.png"},
        {"abnormal/1.png": ("defect", ("mask/1.png",))},
        {"normal/1.png": "train", "normal_test/2.png": "test"},
    ),
    "types": (
        {"normal/1.png", "abnormal/crack/1.png", "mask/crack/1_mask.png"},
        {"abnormal/crack/1.png": ("crack", ("mask/crack/1_mask.png",))},
        {"normal/1.png": None},
    ),
    "good beside types": (
        {"good/1.png", "crack/1.png", "colour/1.png", "mask/crack/1.png", "reference/1.png"},
        {"crack/1.png": ("crack", ("mask/crack/1.png",)), "colour/1.png": ("colour", ())},
        {"good/1.png": None},
    ),
}


@pytest.mark.parametrize("case", ANOMALIB)
def test_anomalib_folders_give_types_masks_and_hints(tmp_path: Path, case: str) -> None:
    names, wanted, good = ANOMALIB[case]
    write(tmp_path, dict.fromkeys(names, PICTURE))
    assert detect(tmp_path).layout.name == "anomalib"
    assert described(tmp_path) == wanted
    found = [one for one in findings(tmp_path) if isinstance(one, Found) and one.kind == "good"]
    assert {one.relative_path: one.hint for one in found} == good


def test_a_single_wrapping_folder_is_entered_and_stays_in_the_paths(tmp_path: Path) -> None:
    mvtec(tmp_path / "tiles", good=1, test_good=0, defects={"crack": 1})
    detected = detect(tmp_path)
    assert (detected.layout.name, detected.base) == ("mvtec", "tiles")
    assert described(tmp_path) == {
        "tiles/test/crack/000.png": ("crack", ("tiles/ground_truth/crack/000_mask.png",))
    }


def test_the_user_chooses_among_layouts_that_fit(tmp_path: Path) -> None:
    mvtec(tmp_path)
    coco(tmp_path, [{"image_id": 0, "category_id": 1, "segmentation": square()}])
    assert detect(tmp_path).layout.name == "mvtec"
    assert detect(tmp_path).others == ("coco",)
    assert detect(tmp_path, "coco").layout.name == "coco"


NOTHING_FITS = {
    "empty": ({}, "auto", "empty-folder"),
    "no picture": ({"notes.txt": b"x"}, "auto", "no-pictures"),
    "unsorted": ({"1.png": PICTURE}, "auto", "unsorted-pictures"),
    "odd folders": ({"a/b/1.png": PICTURE, "c/1.png": PICTURE}, "auto", "unknown-folders"),
    "several parts": (
        {f"{part}/train/good/1.png": PICTURE for part in ("bottle", "cable")},
        "auto",
        "several-parts",
    ),
    "another layout": ({"ok/1.png": PICTURE}, "mvtec", "unknown-folders"),
    "no such layout": ({"ok/1.png": PICTURE}, "mvtek", "unknown-layout"),
}


@pytest.mark.parametrize("case", NOTHING_FITS)
def test_a_folder_that_fits_no_layout_is_refused_with_advice(tmp_path: Path, case: str) -> None:
    files, layout, reason = NOTHING_FITS[case]
    write(tmp_path, files)
    with pytest.raises(LayoutRefused) as caught:
        detect(tmp_path, layout)
    assert caught.value.reason == reason
    assert caught.value.exit_code == 3
    assert caught.value.expected and caught.value.found and caught.value.action


def test_links_pipes_and_odd_names_are_refused_and_system_files_counted(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "ok/1.png": PICTURE,
            "ok/a\u202egnp.png": PICTURE,
            "ok/b\n.png": PICTURE,
            "ok/\U0001f600.png": PICTURE,
        },
    )
    write(tmp_path, {"ok/Thumbs.db": b"x", "ok/.DS_Store": b"x", "ok/._1.png": b"x", "ok/note.txt": b"x"})
    write(tmp_path, {"ok/CON.png": PICTURE, "ok/movie.gif": b"GIF89a"})
    (tmp_path / "ok/link.png").symlink_to(tmp_path / "ok/1.png")
    (tmp_path / "ok/loop").symlink_to(tmp_path / "ok")
    os.mkfifo(tmp_path / "ok/pipe.png")
    os.close(os.open(os.fsencode(tmp_path) + b"/ok/\xff.png", os.O_CREAT | os.O_WRONLY))
    found = findings(tmp_path)
    assert Counter(one.reason for one in found if not isinstance(one, Found)) == {
        "unsafe-name": 3,
        "symlink": 2,
        "special-file": 1,
        "system-file": 3,
        "other-file": 1,
    }
    # a picture of an unreadable format is passed on, so that the reader refuses it by name
    assert {one.relative_path for one in found if isinstance(one, Found)} == {
        "ok/1.png",
        "ok/CON.png",
        "ok/movie.gif",
        "ok/\U0001f600.png",
    }
    assert all(one.relative_path.isprintable() for one in found)
