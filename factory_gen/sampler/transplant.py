"""A real defect put under a placed mask: CutPaste by the rules of placement, warped, its level moved to the new place.

By itself it is a paste with a seam. The sampler starts from it: its latent says what is where, and the flow draws what
the new surroundings ask for (`DrawChoice.keep`).
"""

from __future__ import annotations

import cv2
import numpy as np

from factory_gen.images.masks import crop_around, dilate
from factory_gen.images.windows import fill_smooth
from factory_gen.sampler.real_shapes import Trace

REACH = 24
# The defect's own blur reaches a little beyond its mask.
GAP = 2


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

    What is moved is the difference between the real defect and the smooth continuation of what surrounds it; it is
    added to the smooth continuation of what surrounds the new place. So the light of either picture, bright in the
    middle and dark at the side, stays where it is.

    Args:
        target: (H,W,C) float32 in [-1,1], the good picture.
        mask: (H,W) bool, where the defect goes.
        region: (H,W) bool, the part.
        real: (h,w,C) float32 in [-1,1], the picture with the defect.
        defects: (h,w) bool, all of its defects.
        real_region: (h,w) bool, its part.
        trace: which of its pixels lie under the mask.

    Returns:
        (H,W,C) float32, equal to the target outside the mask.
    """
    here, there = crop_around(mask, REACH), crop_around(trace.real, REACH)
    excess = real[there] - _continued(real[there], real_region[there] & ~dilate(defects, GAP)[there], real)
    columns, rows = trace.columns - there[1].start, trace.rows - there[0].start
    moved = cv2.remap(excess, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = moved.reshape(*trace.rows.shape, real.shape[2])
    base = _continued(target[here], region[here] & ~dilate(mask[here], GAP), target)
    ys, xs = np.nonzero(mask)
    result = target.copy()
    result[ys, xs] = base[ys - here[0].start, xs - here[1].start]
    result[ys, xs] += moved[ys - trace.corner[0], xs - trace.corner[1]]
    return np.clip(result, -1.0, 1.0)


def _continued(piece: np.ndarray, sound: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A piece (h,w,C), what is not sound (h,w) continued from what is; the picture's median where nothing is."""
    if not sound.any():
        return np.broadcast_to(np.median(picture, axis=(0, 1)), piece.shape)
    return fill_smooth(piece, ~sound)
