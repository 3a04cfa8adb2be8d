"""Contrast of real defects as the yardstick: ranks in training, targets and floors in generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from factory_gen.images.dataset import PartImage
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import to_unit
from factory_gen.metrics.contrast import mask_contrast

FLOOR_QUANTILE = 0.05
SMALLEST_FLOOR = 0.0


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
        table = tables.get(image.defect_type or "", ())
        known = np.isfinite(value) and len(table) > 0
        rank = float(np.searchsorted(table, value, side="left") / max(1, len(table) - 1)) if known else None
        ranked.append(replace(image, strength=None if rank is None else min(rank, 1.0)))
    return ranked, tables


def target_contrast(
    contrasts: Mapping[str, Sequence[float]], defect_type: str, strength: float
) -> float | None:
    """The contrast at rank `strength` in [0,1] of a type's real defects; None when none is known."""
    table = contrasts.get(defect_type, ())
    return float(np.quantile(table, strength)) if len(table) else None


def visibility_floor(contrasts: Mapping[str, Sequence[float]], defect_type: str) -> float:
    """Least contrast that counts as visible: the faintest 5 % of the type's real defects lie below it."""
    table = contrasts.get(defect_type, ())
    return max(float(np.quantile(table, FLOOR_QUANTILE)), SMALLEST_FLOOR) if len(table) else SMALLEST_FLOOR
