"""Cuts a mask to what was really changed: the label of a part whose colours are flat, as a circuit board's.

On such a part a placed mask may lie across an edge and cover what has the defect's colour already: nothing changes
there, and as a label it would claim sound pixels. On textured parts people outline defects with a broad hand, so masks
of new defects should not be tighter than theirs; there it is left off.

Shape legend: H height, W width.
"""

from __future__ import annotations

import cv2
import numpy as np

from factory_gen.checks import check_mask
from factory_gen.metrics.contrast import STRONGEST, smooth

# Of the change that a mask's strongest tenth has: less is not the defect.
LEAST = 0.25
# Of the largest piece: smaller ones are specks.
_SPECK = 0.05


def changed_part(source: np.ndarray, result: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask that show the defect.

    Args:
        source, result: (H,W) or (H,W,3) of one type; of several channels the most changed one counts.
        mask: (H,W) bool.

    Returns:
        (H,W) bool within the mask: where the change, smoothed within the mask (sigma 1 pixel), is at least a quarter of
        that of its strongest tenth, without specks. The mask itself where nothing changed at all.
    """
    check_mask(mask, source.shape[:2], "mask")
    change = np.abs(result.astype(np.float32) - source.astype(np.float32))
    change = (change if change.ndim == 2 else change.max(axis=2)) * mask
    inside = mask.astype(np.float32)
    # Divided by the mask's own share, so that what lies outside, unchanged, does not dim the border.
    change = smooth(change) / np.maximum(smooth(inside), 1e-6)
    strongest = float(np.quantile(change[mask], STRONGEST))
    if strongest <= 0:
        return mask.copy()
    strong = (mask & (change >= LEAST * strongest)).astype(np.uint8)
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
    areas = facts[:, cv2.CC_STAT_AREA]
    areas[0] = 0  # all that is no piece
    return np.asarray((areas >= max(1.0, _SPECK * areas.max()))[pieces])
