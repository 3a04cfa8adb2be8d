"""Which windows a mask needs: one around a small defect, a grid over a large one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from factory_gen.images.masks import bounds
from factory_gen.images.windows import place


@dataclass(frozen=True)
class WindowPlace:
    """Corner (top, left) of a window in the (padded) picture."""

    top: int
    left: int


def plan_windows(mask: np.ndarray, size: int, align: int = 1) -> list[WindowPlace]:
    """Windows of `size` pixels that cover a mask (H,W), each at least `size` wide; row by row.

    A mask that fits with a rim of an eighth on each side gets one window around its middle. A larger one gets a grid
    of windows that overlap by a quarter or more; windows without mask are left out.

    Args:
        mask: (H,W) bool.
        size: side of a window; a multiple of `align`.
        align: corners of a grid are multiples of this, where H and W are.
    """
    height, width = mask.shape
    top, left, bottom, right = bounds(mask)
    if max(bottom - top, right - left) <= size * 3 // 4:
        return [WindowPlace(*place(((top + bottom) / 2, (left + right) / 2), size, height, width))]
    places = []
    for row in _line(top, bottom, size, height, align):
        for column in _line(left, right, size, width, align):
            if mask[row : row + size, column : column + size].any():
                places.append(WindowPlace(row, column))
    return places


def _line(start: int, end: int, size: int, limit: int, align: int) -> list[int]:
    """Starts of windows that cover [start, end) and stay in [0, limit)."""
    rim = size // 8
    first, last = max(0, start - rim) // align * align, min(limit, end + rim)
    if last - first <= size:
        middle = (first + last - size) // 2 // align * align
        # Rounding down may cut the rim, which holds no mask; at the border of a picture there is no rim.
        return [int(np.clip(middle if last < limit else limit - size, 0, max(0, limit - size)))]
    final = min(limit - size, -(-(last - size) // align) * align)
    count = int(np.ceil((final - first) / (size * 0.75))) + 1
    return [int(value) // align * align for value in np.linspace(first, final, count)]
