"""Mask arithmetic: True is defect. Grow, feather, warp and pool binary masks."""

from __future__ import annotations

import cv2
import numpy as np

Mask = np.ndarray  # (H,W) bool


def dilate(mask: Mask, radius: int) -> Mask:
    """Grow a mask by `radius` pixels (round brush). Returns (H,W) bool."""
    if radius <= 0:
        return mask.copy()
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), brush) > 0)


def erode(mask: Mask, radius: int) -> Mask:
    """Shrink a mask by `radius` pixels; what lies outside the picture counts as mask."""
    if radius <= 0:
        return mask.copy()
    return ~dilate(~mask, radius)


def components(mask: Mask) -> list[Mask]:
    """Split a mask into its 8-connected parts, largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = sorted(range(1, count), key=lambda label: -int(stats[label, cv2.CC_STAT_AREA]))
    return [labels == label for label in order]


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Smallest box around the mask: (top, left, bottom, right), the last two exclusive."""
    rows = np.flatnonzero(mask.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    cols = np.flatnonzero(mask[top:bottom].any(axis=0))
    return top, int(cols[0]), bottom, int(cols[-1]) + 1


def crop_around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Rows and columns of the mask's box, `margin` pixels wider: all that most measures need."""
    top, left, bottom, right = bounds(mask)
    return slice(max(0, top - margin), bottom + margin), slice(max(0, left - margin), right + margin)


def feather(mask: Mask, width: float) -> np.ndarray:
    """Soft weight in [0,1], float32 (H,W): 0 outside the mask, rising over `width` pixels inside it.

    The first pixel inside already weighs something, so that a one pixel wide crack keeps most of its strength:
    the ramp is shortened where the mask is thin (half the local thickness).
    """
    if width <= 0:
        return mask.astype(np.float32)
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    reach = int(np.ceil(width))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    ridge = cv2.dilate(distance, brush)
    ramp = np.minimum(width, np.maximum(ridge, 1.0))
    return np.where(mask, np.clip(distance / ramp, 0.0, 1.0), 0.0).astype(np.float32)


def pool(mask: Mask, cell: int) -> np.ndarray:
    """Mean of a mask over cells of `cell` x `cell` pixels: (H/cell, W/cell) float32 in [0,1]."""
    height, width = mask.shape
    blocks = mask.reshape(height // cell, cell, width // cell, cell)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


def warp(
    mask: Mask, rng: np.random.Generator, *, turn: float, scale: tuple[float, float], wobble: float
) -> Mask:
    """Turn, scale and bend a mask into a new one that is cut to its own bounds; see `warp_traced`."""
    return warp_traced(mask, rng, turn=turn, scale=scale, wobble=wobble)[0]


def warp_traced(
    mask: Mask, rng: np.random.Generator, *, turn: float, scale: tuple[float, float], wobble: float
) -> tuple[Mask, np.ndarray, np.ndarray]:
    """Turn, scale and bend a mask, and say where each pixel of the new one comes from.

    Args:
        mask: (H,W) bool, any size.
        rng: source of randomness.
        turn: largest turn to either side, in degrees.
        scale: smallest and largest factor of size.
        wobble: strength of the smooth bending, as a share of the mask's diameter.

    Returns:
        The new mask (h,w) bool with at least one True, cut to its bounds; the original, cut, if the warp would have
        erased it. Then the rows and columns (h,w) float32 of `mask` that its pixels come from.
    """
    top, left, bottom, right = bounds(mask)
    cut = mask[top:bottom, left:right].astype(np.float32)
    factor = float(rng.uniform(*scale))
    angle = float(rng.uniform(-turn, turn))
    side = int(np.ceil(np.hypot(*cut.shape) * max(factor, 1.0) * (1 + 2 * wobble))) + 8
    centre = (cut.shape[1] / 2 - 0.5, cut.shape[0] / 2 - 0.5)
    matrix = cv2.getRotationMatrix2D(centre, angle, factor)
    matrix[0, 2] += side / 2 - 0.5 - centre[0]
    matrix[1, 2] += side / 2 - 0.5 - centre[1]
    back = cv2.invertAffineTransform(matrix).astype(np.float32)
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32)
    if wobble > 0:
        coarse = rng.normal(size=(2, 4, 4)).astype(np.float32) * wobble * max(cut.shape) * 0.5
        across, down = (cv2.resize(field, (side, side), interpolation=cv2.INTER_CUBIC) for field in coarse)
        xs, ys = xs + across, ys + down
    columns = back[0, 0] * xs + back[0, 1] * ys + back[0, 2]
    rows = back[1, 0] * xs + back[1, 1] * ys + back[1, 2]
    result = cv2.remap(cut, columns, rows, cv2.INTER_LINEAR) >= 0.5
    if not result.any():
        rows, columns = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]].astype(np.float32)
        return cut >= 0.5, rows + top, columns + left
    box = bounds(result)
    here = slice(box[0], box[2]), slice(box[1], box[3])
    return np.asarray(result[here]), rows[here] + top, columns[here] + left
