"""Where the part is: everything that is not dark background reaching in from the picture's border."""

from __future__ import annotations

import cv2
import numpy as np

SHARE = 0.3
LARGEST_BACKGROUND = 0.6


def foreground(pixels: np.ndarray) -> np.ndarray:
    """Mask of the part, (H,W) bool.

    A blurred pixel below `SHARE` of the picture's median brightness that is connected to the border counts as
    background. A picture that would lose more than `LARGEST_BACKGROUND` is taken as all part.

    Args:
        pixels: (H,W) or (H,W,3), uint8 or uint16.
    """
    grey = pixels.astype(np.float32)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    smooth = cv2.GaussianBlur(grey, (0, 0), 2.0)
    dark = (smooth < SHARE * float(np.median(smooth))).astype(np.uint8)
    _count, labels = cv2.connectedComponents(dark, connectivity=4)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    outside = np.isin(labels, border[border > 0]) & (dark > 0)
    if outside.mean() > LARGEST_BACKGROUND:
        return np.ones(grey.shape, dtype=bool)
    part = ~outside
    # Specks of noise at the rim are no part of it.
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(part.astype(np.uint8), cv2.MORPH_OPEN, brush, borderValue=1) > 0
    return opened if opened.any() else part
