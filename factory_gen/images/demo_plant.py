"""A small plant that anyone may use: photographs of ground ring segments with three defect types and exact masks.

Everything is drawn from a seed; the same seed gives the same bytes. Demo, tutorial and tests work on it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from factory_gen.errors import UsageError
from factory_gen.images.demo_defects import DEFECTS, FlawDrawer
from factory_gen.images.demo_part import Photo, Segment, draw_surface, photograph, segment_for
from factory_gen.images.files import encode_mask, encode_png
from factory_gen.seeds import numpy_generator

SIDE = 232
SMALLEST_SIDE = 64
_PHOTOS_PER_PART = (2, 2, 3)
_TEST_EVERY = 5  # every fifth good part goes to test/good


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSummary:
    """What was drawn.

    Fields:
        folder: root of the MVTec tree, with `groups.csv` in it.
        train_good, test_good: good photos in either folder.
        defects: photos per defect type.
        groups: physical parts, each photographed one to three times.
        files: every file, relative to the folder, sorted.
    """

    folder: Path
    train_good: int
    test_good: int
    defects: dict[str, int]
    groups: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One photo to be taken: where it goes, of which part, under which exposure."""

    folder: str
    part: int
    exposure: int
    defect: str | None

    @property
    def stem(self) -> str:
        return f"part{self.part:03d}_exp{self.exposure + 1}"


def draw_plant(
    folder: Path, *, seed: int = 7, good: int = 120, defective: int = 36, side: int = SIDE
) -> PlantSummary:
    """Draw the plant as an MVTec tree with a `groups.csv` (columns image, group, exposure).

    Args:
        folder: is made where missing; files of the same name are replaced.
        seed: decides every byte.
        good, defective: photos to draw; the defective ones are shared out evenly over the types.
        side: rough width in pixels; a photo's own width and height vary by a few per cent. 96 is good for tests.

    Raises:
        UsageError: a negative count or a side below 64 pixels.
    """
    if good < 0 or defective < 0 or side < SMALLEST_SIDE:
        raise UsageError(
            expected=f"counts of 0 or more and a side of {SMALLEST_SIDE} pixels or more",
            found=f"good {good}, defective {defective}, side {side}",
            action="Ask for a larger plant.",
        )
    segment = segment_for(side)
    shots = list(_plan(good, defective))
    files: list[str] = []
    surface = np.zeros((0, 0), np.float32)
    for index, shot in enumerate(shots):
        if index == 0 or shot.part != shots[index - 1].part:
            surface = draw_surface(segment, numpy_generator(seed, "surface", shot.part))
        files += _write_shot(folder, shot, _take(segment, surface, shot, seed, side))
    (folder / "groups.csv").parent.mkdir(parents=True, exist_ok=True)
    (folder / "groups.csv").write_bytes(_groups_table(shots))
    return PlantSummary(
        folder=folder,
        train_good=sum(shot.folder == "train/good" for shot in shots),
        test_good=sum(shot.folder == "test/good" for shot in shots),
        defects={name: sum(shot.defect == name for shot in shots) for name in DEFECTS},
        groups=len({shot.part for shot in shots}),
        files=tuple(sorted([*files, "groups.csv"])),
    )


def _plan(good: int, defective: int) -> Iterator[_Shot]:
    """List the photos part by part: good parts first, then those of each defect type."""
    part = 0
    for photos in _parts(good):
        folder = "test/good" if part % _TEST_EVERY == _TEST_EVERY - 1 else "train/good"
        for exposure in range(photos):
            yield _Shot(folder=folder, part=part, exposure=exposure, defect=None)
        part += 1
    for position, name in enumerate(DEFECTS):
        share = (defective + len(DEFECTS) - 1 - position) // len(DEFECTS)
        for photos in _parts(share):
            for exposure in range(photos):
                yield _Shot(folder=f"test/{name}", part=part, exposure=exposure, defect=name)
            part += 1


def _parts(photos: int) -> Iterator[int]:
    """Split a number of photos over parts: 2, 2, 3, 2, 2, 3 ... and what is left."""
    index = 0
    while photos > 0:
        taken = min(photos, _PHOTOS_PER_PART[index % len(_PHOTOS_PER_PART)])
        yield taken
        photos -= taken
        index += 1


def _take(segment: Segment, surface: np.ndarray, shot: _Shot, seed: int, side: int) -> Photo:
    drawer: FlawDrawer | None = DEFECTS[shot.defect] if shot.defect else None
    # One part keeps its defect and its camera crop over all exposures; pose, lamp and grain are each photo's own.
    flaw = drawer(segment, numpy_generator(seed, "defect", shot.part)) if drawer else None
    crop = numpy_generator(seed, "crop", shot.part).uniform(-0.03, 0.03, 2)
    height, width = round(0.71 * side * (1 + crop[0])), round(1.06 * side * (1 + crop[1]))
    return photograph(
        segment,
        surface,
        exposure=shot.exposure,
        size=(height, width),
        pose=numpy_generator(seed, "pose", shot.part, shot.exposure),
        grain=numpy_generator(seed, "grain", shot.part, shot.exposure),
        flaw=flaw,
    )


def _write_shot(folder: Path, shot: _Shot, photo: Photo) -> list[str]:
    written = {f"{shot.folder}/{shot.stem}.png": encode_png(photo.pixels)}
    if shot.defect:
        written[f"ground_truth/{shot.defect}/{shot.stem}_mask.png"] = encode_mask(photo.mask)
    for name, data in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return list(written)


def _groups_table(shots: list[_Shot]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["image", "group", "exposure"])
    table.writerows(
        [f"{shot.folder}/{shot.stem}.png", f"part{shot.part:03d}", shot.exposure + 1] for shot in shots
    )
    return text.getvalue().encode()
