"""Real defects that are pasted under placed masks: their pictures, decoded once as long as memory is modest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from factory_gen.composite.paste import paste
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import to_unit
from factory_gen.sampler.placement import PlacedMask
from factory_gen.sampler.transplant import transplant
from pipelines.pictures.part_images import load_image
from pipelines.wiring import Workplace

_KEPT = 32
_Donor = tuple[np.ndarray, np.ndarray, np.ndarray]


class Donors:
    """The pictures that real defects come from.

    Args:
        work: registry and blobs.
        channels: 1 or 3, of the model.
    """

    def __init__(self, work: Workplace, channels: int) -> None:
        self._work, self._channels = work, channels
        self._load = lru_cache(maxsize=_KEPT)(self._read)

    def pasted(self, image: PartImage, region: np.ndarray, placed: PlacedMask) -> np.ndarray:
        """The good picture with the real defect that the placed mask takes after: like `image.pixels`.

        Args:
            image: the good picture.
            region: (H,W) bool, its part.
            placed: a mask that was warped or stretched from a real one.
        """
        assert placed.trace is not None
        real, defects, real_region = self._load(int(placed.origin["real"]))
        target = to_unit(image.pixels, image.bit_depth, self._channels)
        moved = transplant(target, placed.mask, region, real, defects, real_region, placed.trace)
        return paste(image.pixels, moved, placed.mask, image.bit_depth)

    def _read(self, number: int) -> _Donor:
        with self._work.registry.read() as rows:
            row = rows.images.get(number)
        image = load_image(self._work, row)
        if image.mask is None:
            raise InputRefused(
                expected=f"a mask of the real defect in {row.relative_path}",
                found="none",
                action="Run the command again: it looks at the catalogue anew.",
            )
        pixels = to_unit(image.pixels, image.bit_depth, self._channels)
        return pixels, image.mask, foreground(image.pixels)
