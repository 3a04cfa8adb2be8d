"""A real defect put under a placed mask: CutPaste by the rules of placement, warped, its level moved to the new place.

By itself it is a paste with a seam. The sampler starts from it: its latent says what is where, and the flow draws what
the new surroundings ask for (`DrawChoice.keep`).
"""

from __future__ import annotations

import cv2
import numpy as np

from factory_gen.images.masks import crop_around, dilate
from factory_gen.sampler.real_shapes import Trace

RING = 6
GAP = 1


def transplant(
    target: np.ndarray,
    mask: np.ndarray,
    region: np.ndarray,
    real: np.ndarray,
    defects: np.ndarray,
    real_region: np.ndarray,
    trace: Trace,
) -> np.ndarray:
    """The target with a real defect's pixels under the mask.

    Args:
        target: (H,W,C) float32 in [-1,1], the good picture.
        mask: (H,W) bool, where the defect goes.
        region: (H,W) bool, the part.
        real: (h,w,C) float32 in [-1,1], the picture with the defect.
        defects: (h,w) bool, all of its defects.
        real_region: (h,w) bool, its part.
        trace: which of its pixels lie under the mask.

    Returns:
        (H,W,C) float32, equal to the target outside the mask; under it the real pixels, moved by the difference of the
        surroundings' medians.
    """
    moved = cv2.remap(real, trace.columns, trace.rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = moved.reshape(*trace.rows.shape, real.shape[2])
    shift = _level(target, mask, region, mask) - _level(real, trace.real, real_region, defects)
    ys, xs = np.nonzero(mask)
    result = target.copy()
    result[ys, xs] = np.clip(moved[ys - trace.corner[0], xs - trace.corner[1]] + shift, -1.0, 1.0)
    return result


def _level(picture: np.ndarray, mask: np.ndarray, region: np.ndarray, defects: np.ndarray) -> np.ndarray:
    """Median (C,) of the part in a ring around a mask, defects left out; of the sound part where there is no ring."""
    near = crop_around(mask, RING + 1)
    sound = region & ~dilate(defects, GAP)
    ring = dilate(mask[near], RING) & sound[near]
    if ring.any():
        return np.asarray(np.median(picture[near][ring], axis=0), np.float32)
    values = picture[sound] if sound.any() else picture.reshape(-1, picture.shape[2])
    return np.asarray(np.median(values, axis=0), np.float32)
