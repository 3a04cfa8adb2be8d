"""Corners where a small mask could be put: where the real one sat, along the border it came in from, or anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from factory_gen.images.masks import bounds

JITTER = 0.04
WIDE_JITTER = 0.12
INWARD_STEPS = 16
FIRST_OUTSIDE = 0.25
KEPT_AT_BORDER = 0.8

Box = tuple[int, int, int, int]
Spot = tuple[int, int]
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}


class Real(Protocol):
    """What is needed of a real defect; see `placement.RealMask`."""

    @property
    def mask(self) -> np.ndarray:
        """(H,W) bool."""

    @property
    def part_box(self) -> Box:
        """Of the part in its picture."""


def learned_middle(real: Real, mirror: tuple[bool, bool], box: Box) -> tuple[float, float]:
    """Middle (y,x) on this part that corresponds to a real mask's on its own, mirrored."""
    top, left, bottom, right = bounds(real.mask)
    part_top, part_left, part_bottom, part_right = real.part_box
    y = ((top + bottom) / 2 - part_top) / max(1, part_bottom - part_top)
    x = ((left + right) / 2 - part_left) / max(1, part_right - part_left)
    y, x = (1 - y if mirror[1] else y), (1 - x if mirror[0] else x)
    return box[0] + y * (box[2] - box[0]), box[1] + x * (box[3] - box[1])


def mirrored_sides(sides: Sequence[str], mirror: tuple[bool, bool]) -> list[str]:
    """Borders of the part after mirroring left to right, top to bottom."""
    turned = {"left": mirror[0], "right": mirror[0], "top": mirror[1], "bottom": mirror[1]}
    return [OPPOSITE[side] if turned[side] else side for side in sides]


def even_spots(shape: np.ndarray, region: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Corners (count,2) for a mask (h,w) whose middle lies anywhere in the region (H,W), evenly."""
    ys, xs = np.nonzero(region)
    picks = rng.integers(len(ys), size=count)
    return _corners(shape, np.stack([ys[picks], xs[picks]], axis=1).astype(np.float64), region.shape)


def learned_spots(
    shape: np.ndarray,
    middle: tuple[float, float],
    box: Box,
    size: tuple[int, ...],
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Corners (count,2): a sixth close to where the real defect sat, a sixth about there, the others anywhere.

    Args:
        shape: (h,w) bool, the mask.
        middle: (y,x) where the real one would sit.
        box: of the part.
        size: of the picture.
        count: spots; a single one lies close.
        rng: source of randomness.
    """
    extent = np.array([box[2] - box[0], box[3] - box[1]])
    close = -(-count // 6)
    about = (count - close) // 5
    jitter = np.repeat([JITTER, WIDE_JITTER], [close, about])[:, None]
    near = np.array(middle) + rng.normal(size=(close + about, 2)) * jitter * extent
    anywhere = np.array(box[:2]) + rng.random((count - close - about, 2)) * extent
    return _corners(shape, np.concatenate([near, anywhere]), size)


def anchored_spots(
    shape: np.ndarray,
    middle: tuple[float, float],
    sides: Sequence[str],
    box: Box,
    region: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Corners (count,2) for a mask that comes in from the part's border, along it about where the real one was.

    Each is moved inwards from outside until the part holds `KEPT_AT_BORDER` of the mask, so that the border cuts it.
    Of two opposite borders one is taken.
    """
    height, width = shape.shape
    taken = set(sides)
    for one, other in (("top", "bottom"), ("left", "right")):
        if {one, other} <= taken:
            taken.discard(one if rng.random() < 0.5 else other)
    into = np.array([("top" in taken) - ("bottom" in taken), ("left" in taken) - ("right" in taken)])
    step = into * np.maximum(1, np.array([height, width]) // INWARD_STEPS)
    over = (FIRST_OUTSIDE * np.array([height, width])).astype(int)
    outside = np.where(into > 0, np.array(box[:2]) - over, np.array([box[2] - height, box[3] - width]) + over)
    extent = np.array([box[2] - box[0], box[3] - box[1]])
    jitter = np.where(np.arange(count) <= count // 2, JITTER, WIDE_JITTER)[:, None]
    near = _corners(shape, np.array(middle) + rng.normal(size=(count, 2)) * jitter * extent, region.shape)
    spots = np.where(into != 0, outside, near)
    wanted = KEPT_AT_BORDER * shape.sum()
    for spot in spots:
        for _ in range(INWARD_STEPS):
            if held(shape, (int(spot[0]), int(spot[1])), region) >= wanted:
                break
            spot += step
    return spots


def put(shape: np.ndarray, spot: Spot, region: np.ndarray) -> np.ndarray:
    """The mask (h,w) at a corner of an empty picture, what lies in the region (H,W): bool (H,W)."""
    result = np.zeros_like(region)
    target, own = _overlap(shape, spot, region.shape)
    result[target] = shape[own] & region[target]
    return result


def held(shape: np.ndarray, spot: Spot, region: np.ndarray) -> int:
    """Pixels of the mask (h,w) at a corner that lie in the region (H,W)."""
    target, own = _overlap(shape, spot, region.shape)
    return int((shape[own] & region[target]).sum())


def _overlap(
    shape: np.ndarray, spot: Spot, size: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    target, own = [], []
    for corner, side, limit in zip(spot, shape.shape, size, strict=True):
        start = min(max(0, corner), limit)
        end = max(start, min(limit, corner + side))
        target.append(slice(start, end))
        own.append(slice(start - corner, end - corner))
    return (target[0], target[1]), (own[0], own[1])


def _corners(shape: np.ndarray, middles_N2: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Corners (N,2) int of masks with these middles, moved inside the picture where they would cross its border."""
    side = np.array(shape.shape)
    limit = np.maximum(0, np.array(size[:2]) - side)
    result: np.ndarray = np.clip(np.round(middles_N2 - side / 2).astype(int), 0, limit)
    return result
