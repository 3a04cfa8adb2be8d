"""Which windows a mask needs: one around a small defect, a grid over a large one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.images.masks import bounds, dilate, feather
from factory_gen.images.windows import place

BLEND = 8


@dataclass(frozen=True)
class WindowPlace:
    """Corner (top, left) of a window in the (padded) picture."""

    top: int
    left: int


def plan_windows(mask: np.ndarray, size: int) -> list[WindowPlace]:
    """Windows of `size` pixels that cover a mask (H,W), each at least `size` wide; row by row.

    A mask that fits with a rim of an eighth on each side gets one window around its middle. A larger one gets a grid
    of windows that overlap by a quarter; windows without mask are left out.
    """
    height, width = mask.shape
    top, left, bottom, right = bounds(mask)
    if max(bottom - top, right - left) <= size * 3 // 4:
        return [WindowPlace(*place(((top + bottom) / 2, (left + right) / 2), size, height, width))]
    places = []
    for row in _line(top, bottom, size, height):
        for column in _line(left, right, size, width):
            if mask[row : row + size, column : column + size].any():
                places.append(WindowPlace(row, column))
    return places


def _line(start: int, end: int, size: int, limit: int) -> list[int]:
    """Starts of windows that cover [start, end) and stay in [0, limit)."""
    rim = size // 8
    first, last = max(0, start - rim), min(limit, end + rim)
    span = last - first
    if span <= size:
        return [int(np.clip((first + last - size) // 2, 0, max(0, limit - size)))]
    count = int(np.ceil((span - size) / (size * 0.75))) + 1
    return [int(value) for value in np.linspace(first, last - size, count).round()]


def blend_weight(mask: np.ndarray, done: np.ndarray, width: float) -> np.ndarray:
    """Weight (S,S) float32 of the newly drawn pixels in a window.

    Args:
        mask: (S,S) bool, the whole defect mask in this window.
        done: (S,S) bool, pixels that an earlier window has drawn.
        width: feather inside the mask's edge, pixels.

    Returns:
        The mask's inner feather on new pixels, falling over `BLEND` pixels into those already drawn.
    """
    weight = feather(mask, width)
    if not done.any():
        return weight
    fresh = mask & ~done
    if not fresh.any():
        return np.zeros_like(weight)
    distance = cv2.distanceTransform((~fresh).astype(np.uint8), cv2.DIST_L2, 5)
    return weight * np.clip(1.0 - distance / BLEND, 0.0, 1.0)


def region_to_draw(mask: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Pixels (S,S) bool that a window must draw: the fresh part of the mask and the blend into the drawn part."""
    fresh = mask & ~done
    return fresh | (dilate(fresh, BLEND) & mask) if done.any() else fresh
