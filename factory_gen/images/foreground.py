"""Where the part is: everything that is not dark background reaching in from the picture's border."""

from __future__ import annotations

import cv2
import numpy as np

from factory_gen.images.masks import dilate, erode

SHARE = 0.3
LARGEST_BACKGROUND = 0.6
RIM = 5


def foreground(pixels: np.ndarray) -> np.ndarray:
    """Mask of the part, (H,W) bool.

    A blurred pixel below `SHARE` of the picture's median brightness that is connected to the border counts as
    background; from there the background grows by up to `RIM` pixels, to half way between its level and the median,
    since the blur has moved its edge. A picture that would lose more than `LARGEST_BACKGROUND` is taken as all part.

    Args:
        pixels: (H,W) or (H,W,3), uint8 or uint16.
    """
    grey = pixels.astype(np.float32)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    smooth = cv2.GaussianBlur(grey, (0, 0), 2.0)
    level = float(np.median(smooth))
    dark = (smooth < SHARE * level).astype(np.uint8)
    _count, labels = cv2.connectedComponents(dark, connectivity=4)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    outside = np.isin(labels, border[border > 0]) & (dark > 0)
    if outside.mean() > LARGEST_BACKGROUND:
        return np.ones(grey.shape, dtype=bool)
    if not outside.any():
        return np.ones(grey.shape, dtype=bool)
    half_way = 0.5 * (float(np.median(grey[outside])) + level)
    part = ~(outside | (dilate(outside, RIM) & (cv2.GaussianBlur(grey, (0, 0), 0.7) < half_way)))
    # Specks of noise at the rim are no part of it.
    opened = dilate(erode(part, 2), 2)
    return opened if opened.any() else part
