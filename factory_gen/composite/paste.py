"""Puts drawn pixels into a source picture: bit-exact outside the mask."""

from __future__ import annotations

import numpy as np

from factory_gen.checks import check_mask, check_pixels
from factory_gen.images.masks import bounds


def paste(source: np.ndarray, drawn: np.ndarray, mask: np.ndarray, bit_depth: int) -> np.ndarray:
    """Copy of `source` whose pixels under `mask` come from `drawn`.

    Where source and drawing differ in channels, the mean change of the drawing is added to every channel of the
    source.

    Args:
        source: (H,W) or (H,W,3), uint8 or uint16.
        drawn: (H,W,C) float32 in [-1,1], C is 1 or 3.
        mask: (H,W) bool.
        bit_depth: significant bits of the source.

    Returns:
        Same shape and type as `source`.
    """
    check_pixels(source, "source")
    check_mask(mask, source.shape[:2], "mask")
    top = 2**bit_depth - 1
    values = (drawn[mask] + 1.0) * (top / 2.0)
    result = source.copy()
    channels = 1 if source.ndim == 2 else source.shape[2]
    if channels != values.shape[1]:
        values = values.mean(axis=1, keepdims=True) if channels == 1 else np.repeat(values, channels, axis=1)
    rounded = np.clip(np.rint(values), 0, top).astype(source.dtype)
    result[mask] = rounded[:, 0] if source.ndim == 2 else rounded
    return result


def outside_is_equal(source: np.ndarray, result: np.ndarray, mask: np.ndarray) -> bool:
    """Whether both pictures (same shape) agree in every bit outside the mask."""
    if source.shape != result.shape or source.dtype != result.dtype:
        return False
    if not mask.any():
        return np.array_equal(source, result)
    top, left, bottom, right = bounds(mask)
    rows = slice(top, bottom)
    around = (slice(top), slice(bottom, None), (rows, slice(left)), (rows, slice(right, None)))
    inside = rows, slice(left, right)
    return all(np.array_equal(source[part], result[part]) for part in around) and bool(
        (source[inside] == result[inside])[~mask[inside]].all()
    )
