"""Contrast of real defects as the yardstick: ranks in training, targets and floors in generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from factory_gen.images.dataset import PartImage
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import to_unit
from factory_gen.metrics.contrast import mask_contrast, measure_contrast

FLOOR_QUANTILE = 0.05
BARELY_VISIBLE = 0.9
SIGN_SHARE = 0.8


def picture_contrast(pixels: np.ndarray, bit_depth: int, mask: np.ndarray) -> float:
    """Contrast of the pixels under a mask against the part around it; NaN where nothing surrounds it."""
    values = to_unit(pixels, bit_depth, 1 if pixels.ndim == 2 else pixels.shape[2])
    return mask_contrast(values, mask, region=foreground(pixels))


def rank_by_contrast(images: Sequence[PartImage]) -> tuple[list[PartImage], dict[str, tuple[float, ...]]]:
    """Give each defective picture its contrast's rank among its type.

    Returns:
        The pictures with `strength` in [0,1] (None where the contrast is unknown), and per type the contrasts in
        rising order.
    """
    values = [
        picture_contrast(i.pixels, i.bit_depth, i.mask) if i.mask is not None else np.nan for i in images
    ]
    tables: dict[str, tuple[float, ...]] = {}
    for name in sorted({image.defect_type for image in images if image.defect_type}):
        own = [v for v, i in zip(values, images, strict=True) if i.defect_type == name and np.isfinite(v)]
        tables[name] = tuple(sorted(float(v) for v in own))
    ranked = []
    for value, image in zip(values, images, strict=True):
        ranked.append(replace(image, strength=contrast_rank(tables.get(image.defect_type or "", ()), value)))
    return ranked, tables


def contrast_rank(table: Sequence[float], value: float) -> float | None:
    """Rank in [0,1] of a contrast among a type's real ones in rising order; None where either is unknown."""
    if not (np.isfinite(value) and len(table)):
        return None
    return min(1.0, float(np.searchsorted(table, value, side="left") / max(1, len(table) - 1)))


def target_contrast(
    contrasts: Mapping[str, Sequence[float]], defect_type: str, strength: float
) -> float | None:
    """The contrast at rank `strength` in [0,1] of a type's real defects; None when none is known."""
    table = contrasts.get(defect_type, ())
    return float(np.quantile(table, strength)) if len(table) else None


def visibility_floor(contrasts: Mapping[str, Sequence[float]], defect_type: str) -> float:
    """Least contrast that counts as visible, learned from the type's real defects.

    The contrast that 5 % of them stay below, lowered by the doubt of a quantile of n values (a factor
    1 - 1/sqrt(2n)), but not to where texture alone would pass. 0 where no real contrast is known.
    """
    table = contrasts.get(defect_type, ())
    if not len(table):
        return 0.0
    faint = float(np.quantile(table, FLOOR_QUANTILE))
    return max(faint * (1.0 - (2.0 * len(table)) ** -0.5), min(faint, BARELY_VISIBLE))


def typical_shift(images: Sequence[PartImage]) -> float | None:
    """Median brightness step of one type's real defects, in spreads of the surroundings: negative is darker.

    None where the type has no clear sign: fewer than four in five agree.
    """
    shifts = []
    for image in images:
        if image.mask is not None:
            channels = 1 if image.pixels.ndim == 2 else image.pixels.shape[2]
            values = to_unit(image.pixels, image.bit_depth, channels)
            shifts.append(measure_contrast(values, image.mask, region=foreground(image.pixels)).shift)
    known = np.array([value for value in shifts if np.isfinite(value)])
    if not len(known) or max((known > 0).mean(), (known < 0).mean()) < SIGN_SHARE:
        return None
    return float(np.median(known))
