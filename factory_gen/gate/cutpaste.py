"""CutPaste: a real defect cut out under its mask and pasted onto a good picture. The first honest floor.

After Li et al., "CutPaste" (CVPR 2021), with the mask as the scissors instead of a rectangle, as the plants that do
it by hand do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from factory_gen.checks import check_mask, check_pixels
from factory_gen.images.augment import turn_window
from factory_gen.images.masks import bounds, dilate

TRIES = 20
_RING = 6


def cutpaste(
    target: np.ndarray,
    source: np.ndarray,
    mask: np.ndarray,
    rng: np.random.Generator,
    *,
    region: np.ndarray | None = None,
    moves: Sequence[str] = (),
    match: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Paste the defect of one picture onto another.

    Args:
        target: good picture (H,W) or (H,W,3), uint8 or uint16.
        source: picture with the defect, of any size, same type and channels.
        mask: (h,w) bool, the defect in `source`.
        rng: decides place and moves.
        region: (H,W) bool, where a defect may sit; anywhere by default. Of `TRIES` places the one with most of the
            defect inside is taken, and what still lies outside is not pasted.
        moves: flips and turns that the part allows, see `factory_gen/images/augment.py`.
        match: move the defect's brightness by the difference of what surrounds it here and there.

    Returns:
        The new picture and its mask (H,W) bool; the target unchanged and an empty mask if there was no room.
    """
    check_pixels(target, "target")
    check_mask(mask, source.shape[:2], "mask")
    level = _surroundings(source, mask)
    top, left, bottom, right = bounds(mask)
    piece, shape = source[top:bottom, left:right], mask[top:bottom, left:right]
    piece, shape = turn_window(np.ascontiguousarray(piece), np.ascontiguousarray(shape), moves, rng)
    height, width = min(shape.shape[0], target.shape[0]), min(shape.shape[1], target.shape[1])
    piece, shape = piece[:height, :width], shape[:height, :width]
    allowed = np.ones(target.shape[:2], dtype=bool) if region is None else region
    y, x = _place(shape, allowed, rng)
    here = (slice(y, y + height), slice(x, x + width))
    placed = np.zeros(target.shape[:2], dtype=bool)
    placed[here] = shape & allowed[here]
    if not placed.any():
        return target.copy(), placed
    shift = _surroundings(target, placed) - level if match else np.zeros_like(level)
    values = piece.astype(np.float32) + shift
    result = target.copy()
    top_value = max(int(target.max()), int(source.max()))
    drawn = np.clip(np.rint(values), 0, top_value).astype(target.dtype)
    result[here][placed[here]] = drawn[placed[here]]
    return result, placed


def _place(shape: np.ndarray, allowed: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Corner of the best of some random places."""
    height, width = shape.shape
    best, found = -1, (0, 0)
    for _ in range(TRIES):
        y = int(rng.integers(allowed.shape[0] - height + 1))
        x = int(rng.integers(allowed.shape[1] - width + 1))
        inside = int((shape & allowed[y : y + height, x : x + width]).sum())
        if inside > best:
            best, found = inside, (y, x)
        if inside == shape.sum():
            break
    return found


def _surroundings(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Median of the ring around a mask, per channel; of the whole picture where there is no ring."""
    ring = dilate(mask, _RING) & ~dilate(mask, 1)
    values = picture[ring] if ring.any() else picture.reshape(-1, *picture.shape[2:])
    return np.asarray(np.median(values, axis=0), dtype=np.float32)
