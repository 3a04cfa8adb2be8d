"""The demo plant: same seed, same bytes; masks exact to the pixel; photos of one part belong together."""

from __future__ import annotations

import csv
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.images.demo_defects import DEFECTS
from factory_gen.images.demo_part import draw_surface, photograph, segment_for
from factory_gen.images.demo_plant import PlantSummary, draw_plant
from factory_gen.images.foreground import foreground
from factory_gen.metrics.contrast import measure_contrast
from factory_gen.seeds import numpy_generator

TINY = {"good": 12, "defective": 6, "side": 96}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> PlantSummary:
    return draw_plant(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def groups(plant: PlantSummary) -> dict[str, str]:
    with (plant.folder / "groups.csv").open() as table:
        return {row["image"]: row["group"] for row in csv.DictReader(table)}


def read(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, path
    return pixels


def defect_pairs(plant: PlantSummary) -> list[tuple[str, np.ndarray, np.ndarray]]:
    return [
        (
            name,
            read(path),
            read(plant.folder / f"ground_truth/{name}/{path.stem}_mask.png"),
        )
        for name in DEFECTS
        for path in sorted((plant.folder / f"test/{name}").glob("*.png"))
    ]


def test_the_tree_holds_what_the_summary_says(plant: PlantSummary, groups: dict[str, str]) -> None:
    on_disk = sorted(str(p.relative_to(plant.folder)) for p in plant.folder.rglob("*") if p.is_file())
    assert list(plant.files) == on_disk
    assert plant.train_good + plant.test_good == 120
    assert plant.test_good >= 12
    assert plant.defects == {"crack": 12, "pit": 12, "stain": 12}
    assert plant.groups == len(set(groups.values()))
    assert set(groups) == {name for name in on_disk if name.startswith(("train", "test"))}


def test_pictures_are_grey_8_bit_of_slightly_varying_size(plant: PlantSummary) -> None:
    sizes = set()
    for name in plant.files:
        if name.endswith(".png"):
            pixels = read(plant.folder / name)
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 2
            assert 155 <= min(pixels.shape) <= max(pixels.shape) <= 262
            sizes.add(pixels.shape)
    assert len(sizes) > 10


def test_a_part_has_one_kind_and_one_folder(groups: dict[str, str]) -> None:
    folders: dict[str, set[str]] = {}
    for image, group in groups.items():
        folders.setdefault(group, set()).add(str(Path(image).parent))
    assert all(len(found) == 1 for found in folders.values())
    photos = [sum(g == group for g in groups.values()) for group in folders]
    assert set(photos) <= {1, 2, 3}
    assert np.mean(photos) > 1.9


def test_photos_of_one_part_show_the_same_grinding_marks(plant: PlantSummary, groups: dict[str, str]) -> None:
    """Detail (pixel minus blur) of the same part matches after a small shift; that of two parts does not."""

    def match(first: str, second: str) -> float:
        details = []
        for name in (first, second):
            pixels = read(plant.folder / name).astype(np.float32)
            details.append(cv2.GaussianBlur(pixels, (0, 0), 0.8) - cv2.GaussianBlur(pixels, (0, 0), 4))
        centre = details[1].shape[0] // 2, details[1].shape[1] // 2
        patch = details[1][centre[0] - 24 : centre[0] + 24, centre[1] - 30 : centre[1] + 30]
        return float(cv2.matchTemplate(details[0], patch, cv2.TM_CCOEFF_NORMED).max())

    good = [name for name in sorted(groups) if name.startswith("train/good")]
    pairs = list(pairwise(good))[:30]
    same = [match(*pair) for pair in pairs if groups[pair[0]] == groups[pair[1]]]
    other = [match(*pair) for pair in pairs if groups[pair[0]] != groups[pair[1]]]
    assert len(same) > 5
    assert len(other) > 5
    assert min(same) > max(other)


def test_exposures_differ_in_brightness(plant: PlantSummary) -> None:
    levels = [
        np.mean([read(path).mean() for path in (plant.folder / "train/good").glob(f"*_exp{exposure}.png")])
        for exposure in (1, 2, 3)
    ]
    assert levels[0] < 0.9 * levels[1] < 0.81 * levels[2]


@pytest.mark.parametrize("side", [96, 224])
@pytest.mark.parametrize("name", DEFECTS)
def test_masks_are_exact_to_the_pixel(name: str, side: int) -> None:
    """Truth: the same photo of the same part without the flaw is bit-equal outside the mask."""
    segment = segment_for(side)
    surface = draw_surface(segment, numpy_generator(1, "surface"))
    size = (round(0.71 * side), round(1.06 * side))
    for seed in range(8):
        flaw = DEFECTS[name](segment, numpy_generator(seed, name))
        good, bad = (
            photograph(
                segment,
                surface,
                exposure=seed % 3,
                size=size,
                pose=numpy_generator(seed, "pose"),
                grain=numpy_generator(seed, "grain"),
                flaw=which,
            )
            for which in (None, flaw)
        )
        assert np.array_equal(good.pixels[~bad.mask], bad.pixels[~bad.mask])
        assert (good.pixels[bad.mask] != bad.pixels[bad.mask]).mean() > 0.5
        assert bad.mask.any()
        assert not good.mask.any()
        assert not (bad.mask & ~bad.part).any()


def test_stored_masks_are_binary_and_their_defects_visible(plant: PlantSummary) -> None:
    values: dict[str, list[float]] = {name: [] for name in DEFECTS}
    for name, pixels, mask in defect_pairs(plant):
        assert set(np.unique(mask)) == {0, 255}
        assert mask.shape == pixels.shape
        part = cv2.erode((cv2.blur(pixels, (3, 3)) > 45).astype(np.uint8), np.ones((9, 9))) > 0
        values[name].append(measure_contrast(pixels.astype(float), mask > 0, region=part, floor=0.5).value)
    assert all(np.median(found) > 1.4 for found in values.values()), values
    assert all(min(found) > 1.0 for found in values.values()), values


def test_the_product_finds_the_part_by_itself(plant: PlantSummary) -> None:
    """The part fills most of each photo and every defect lies on what `foreground` takes for it."""
    for _, pixels, mask in defect_pairs(plant):
        part = foreground(pixels)
        assert 0.55 < part.mean() < 0.8
        assert ((mask > 0) & ~part).sum() == 0


def test_types_differ_in_area(plant: PlantSummary) -> None:
    areas: dict[str, list[float]] = {name: [] for name in DEFECTS}
    for name, _, mask in defect_pairs(plant):
        areas[name].append((mask > 0).mean())
    assert 0.002 < np.median(areas["pit"]) < np.median(areas["stain"]) / 2.5
    assert np.median(areas["crack"]) < np.median(areas["stain"]) / 2.5


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    first, again, other = (
        draw_plant(tmp_path / name, seed=seed, **TINY) for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first.files == again.files
    for name in first.files:
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes(), name
    png = next(name for name in first.files if name.startswith("train") and name in other.files)
    assert (first.folder / png).read_bytes() != (other.folder / png).read_bytes()


@pytest.mark.parametrize(
    ("good", "defective", "defects"),
    [
        (12, 6, {"crack": 2, "pit": 2, "stain": 2}),
        (3, 4, {"crack": 2, "pit": 1, "stain": 1}),
        (5, 0, {"crack": 0, "pit": 0, "stain": 0}),
        (0, 0, {"crack": 0, "pit": 0, "stain": 0}),
    ],
)
def test_any_size_of_plant(tmp_path: Path, good: int, defective: int, defects: dict[str, int]) -> None:
    found = draw_plant(tmp_path / "plant", good=good, defective=defective, side=96)
    assert found.train_good + found.test_good == good
    assert found.defects == defects
    assert (found.folder / "groups.csv").is_file()
    assert len(found.files) == 1 + good + 2 * defective


def test_the_whole_plant_takes_under_ten_seconds(tmp_path: Path) -> None:
    start = time.process_time()
    draw_plant(tmp_path)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("wrong", [{"good": -1}, {"defective": -2}, {"side": 40}])
def test_an_impossible_plant_is_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    with pytest.raises(UsageError, match="larger plant"):
        draw_plant(tmp_path / "plant", **wrong)
    assert not (tmp_path / "plant").exists()
