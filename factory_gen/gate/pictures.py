"""The gate's pictures in memory: real or ours, with their defects and the physical part (group) they show.

A picture with defects is cut to what the windows around them may show, so that a plant's 20-megapixel pictures fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from factory_gen.checks import check_mask, check_pixels
from factory_gen.images.masks import bounds


@dataclass(frozen=True)
class GatePicture:
    """One picture.

    Attributes:
        key: what names it outside, such as "sample 12".
        group: physical part or lot; pictures of one group are never on two sides of a split.
        pixels: (H,W) or (H,W,3), uint8 or uint16.
        bit_depth: significant bits per channel.
        masks: defect type to mask (H,W) bool.
        labels: defect types that the picture is known to show; the masks' types by default. A type without a mask
            is an image-level label.
    """

    key: str
    group: str
    pixels: np.ndarray
    bit_depth: int = 8
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_pixels(self.pixels, f"picture {self.key}")
        for name, mask in self.masks.items():
            check_mask(mask, self.size, f"mask {name} of {self.key}")
        object.__setattr__(self, "labels", tuple(sorted({*self.labels, *self.masks})))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def is_good(self) -> bool:
        """Whether it shows no defect at all."""
        return not self.labels

    @property
    def has_masks(self) -> bool:
        """Whether every pixel is known: a good picture, or one with a mask for each of its types."""
        return set(self.labels) == set(self.masks)

    @property
    def mask(self) -> np.ndarray:
        """(H,W) bool: all defects together."""
        together = np.zeros(self.size, dtype=bool)
        for mask in self.masks.values():
            together |= mask
        return together


def trim(picture: GatePicture, window: int) -> GatePicture:
    """The picture cut to its defects and one window's side around them; a good picture stays as it is."""
    if not picture.masks:
        return picture
    top, left, bottom, right = bounds(picture.mask)
    rows, columns = slice(max(0, top - window), bottom + window), slice(max(0, left - window), right + window)
    return GatePicture(
        picture.key,
        picture.group,
        np.ascontiguousarray(picture.pixels[rows, columns]),
        picture.bit_depth,
        {name: np.ascontiguousarray(mask[rows, columns]) for name, mask in picture.masks.items()},
        picture.labels,
    )


def defect_types(pictures: Sequence[GatePicture]) -> tuple[str, ...]:
    """All defect types that the pictures show, in alphabetical order."""
    return tuple(sorted({name for picture in pictures for name in picture.labels}))
