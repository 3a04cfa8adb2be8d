"""A part's pictures as the training sees them, and random windows drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from factory_gen.checks import check_mask, check_pixels
from factory_gen.errors import InputRefused
from factory_gen.images import windows
from factory_gen.images.augment import turn_window

GOOD = "good"


@dataclass(frozen=True)
class PartImage:
    """One source picture in memory.

    Attributes:
        key: what names it outside (a row id or a path).
        pixels: (H,W) or (H,W,3), uint8 or uint16.
        bit_depth: significant bits per channel.
        mask: (H,W) bool, True on the defect; None for a good picture or one whose mask is wanted.
        defect_type: name of the defect; None for a good picture.
        strength: contrast of the defect as a rank in [0,1] among its type; None when unknown.
    """

    key: str
    pixels: np.ndarray
    bit_depth: int = 8
    mask: np.ndarray | None = None
    defect_type: str | None = None
    strength: float | None = None

    def __post_init__(self) -> None:
        check_pixels(self.pixels, f"picture {self.key}")
        if self.mask is not None:
            check_mask(self.mask, self.pixels.shape[:2], f"mask of {self.key}")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True)
class Drawn:
    """Random windows of one picture each.

    Attributes:
        pixels: (S,S,C) float32 in [-1,1].
        mask: (S,S) bool.
        kind: index into `PartPictures.types`; 0 is good.
        strength: rank in [0,1] or NaN.
        key: of the source picture.
    """

    pixels: np.ndarray
    mask: np.ndarray
    kind: int
    strength: float
    key: str


@dataclass(frozen=True)
class PartPictures:
    """All pictures that one training may see.

    Attributes:
        good: pictures without a defect.
        defective: pictures with a mask.
        channels: 1 or 3, what the model works in.
        types: ``("good", <defect types in alphabetical order>)``.
    """

    good: Sequence[PartImage]
    defective: Sequence[PartImage]
    channels: int
    types: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.good and not self.defective:
            raise InputRefused(
                expected="at least one picture to learn from",
                found="none",
                action="Ingest a folder with good part images first.",
            )
        names = sorted({image.defect_type for image in self.defective if image.defect_type})
        object.__setattr__(self, "types", (GOOD, *names))

    def of_type(self, name: str) -> list[PartImage]:
        """Defective pictures of one type."""
        return [image for image in self.defective if image.defect_type == name]


class WindowDraw:
    """Draws random windows: good ones anywhere, defective ones so that some of the defect lies inside.

    Args:
        pictures: where from.
        size: side of the window in pixels.
        moves: allowed flips and turns (see `images/augment.py`).
    """

    def __init__(self, pictures: PartPictures, size: int, moves: Sequence[str]) -> None:
        self.pictures, self.size, self.moves = pictures, size, tuple(moves)
        self._by_type = {name: pictures.of_type(name) for name in pictures.types[1:]}
        self._names = list(self._by_type)

    def good(self, rng: np.random.Generator) -> Drawn:
        """A window of a good picture (of a defective one, away from its defect, if there are no good ones)."""
        source = self.pictures.good or self.pictures.defective
        image = source[int(rng.integers(len(source)))]
        height, width = (max(side, self.size) for side in image.size)
        top, left = int(rng.integers(height - self.size + 1)), int(rng.integers(width - self.size + 1))
        return self._cut(image, top, left, rng)

    def defect(self, rng: np.random.Generator) -> Drawn:
        """A window with a defect: types drawn evenly, then a picture, then a place that shows some of it."""
        name = self._names[int(rng.integers(len(self._names)))]
        images = self._by_type[name]
        return self.around_defect(images[int(rng.integers(len(images)))], rng)

    def around_defect(self, image: PartImage, rng: np.random.Generator) -> Drawn:
        """A window of `image` around a random pixel of its defect, moved by up to 40 % of the window."""
        assert image.mask is not None
        ys, xs = np.nonzero(image.mask)
        pick = int(rng.integers(len(ys)))
        shift = rng.uniform(-0.4, 0.4, size=2) * self.size
        height, width = (max(side, self.size) for side in image.size)
        top, left = windows.place((ys[pick] + shift[0], xs[pick] + shift[1]), self.size, height, width)
        return self._cut(image, top, left, rng)

    def _cut(self, image: PartImage, top: int, left: int, rng: np.random.Generator) -> Drawn:
        size = self.size
        mask_source = image.mask if image.mask is not None else np.zeros(image.size, dtype=bool)
        pixels = windows.cut(windows.pad_to(image.pixels, size), top, left, size)
        mask = windows.cut(windows.pad_to(mask_source, size), top, left, size)
        pixels, mask = turn_window(pixels, mask, self.moves, rng)
        kind = self.pictures.types.index(image.defect_type) if image.defect_type and mask.any() else 0
        values = windows.to_unit(pixels, image.bit_depth, self.pictures.channels)
        strength = image.strength if image.strength is not None else float("nan")
        return Drawn(values, np.ascontiguousarray(mask), kind, strength, image.key)
