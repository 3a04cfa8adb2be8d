"""Where the part is: everything that is not dark background reaching in from the picture's border."""

from __future__ import annotations

import cv2
import numpy as np

from factory_gen.images.masks import dilate, erode

SHARE = 0.3
LARGEST_BACKGROUND = 0.6
RIM = 5
# Dark areas inside the part's convex hull, as shares of the picture and of all dark area: no backdrop beyond both.
LEAST_WITHIN = 0.03
MOST_WITHIN = 0.5
# Larger pictures are looked at smaller: the part's outline needs no twelve megapixels.
MOST_PIXELS = 1 << 20


def foreground(pixels: np.ndarray) -> np.ndarray:
    """Mask of the part, (H,W) bool.

    A blurred pixel below `SHARE` of the picture's median brightness that is connected to the border counts as
    background; from there the background grows by up to `RIM` pixels, to half way between its level and the median,
    since the blur has moved its edge. A picture that would lose more than `LARGEST_BACKGROUND` is taken as all part,
    and so is one whose background runs through the part, as dark traces do on a board.

    A picture of more than `MOST_PIXELS` is shrunk by a whole factor first and the outline then drawn in by one of the
    small pixels, so that nothing outside the part is taken for it.

    Args:
        pixels: (H,W) or (H,W,3), uint8 or uint16.
    """
    height, width = pixels.shape[:2]
    factor = int(np.ceil(np.sqrt(height * width / MOST_PIXELS)))
    if factor <= 1:
        return _find(pixels)
    small = cv2.resize(pixels, (-(-width // factor), -(-height // factor)), interpolation=cv2.INTER_AREA)
    part = _find(small)
    if part.all():
        return np.ones((height, width), dtype=bool)
    drawn_in = erode(part, 1)
    chosen = drawn_in if drawn_in.any() else part
    return cv2.resize(chosen.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).view(bool)


def _find(pixels: np.ndarray) -> np.ndarray:
    grey = pixels.astype(np.float32)
    if grey.ndim == 3:
        grey = grey.mean(axis=2)
    smooth = cv2.GaussianBlur(grey, (0, 0), 2.0)
    level = float(np.median(smooth))
    outside = _reached_from_the_border(smooth < SHARE * level)
    if outside is None or outside.mean() > LARGEST_BACKGROUND:
        return np.ones(grey.shape, dtype=bool)
    half_way = 0.5 * (float(np.median(grey[outside])) + level)
    part = ~(outside | (dilate(outside, RIM) & (cv2.GaussianBlur(grey, (0, 0), 0.7) < half_way)))
    # Specks of noise at the rim are no part of it.
    opened = dilate(erode(part, 2), 2)
    chosen = opened if opened.any() else part
    return np.ones(grey.shape, dtype=bool) if _interlaced(chosen) else chosen


def _interlaced(part: np.ndarray) -> bool:
    """Whether what was taken for backdrop runs through the part (H,W): dark traces on a board, no frame."""
    edges, _ = cv2.findContours(part.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(part.shape, dtype=np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(edges)), 1)
    within = int((hull.view(bool) & ~part).sum())
    return within > LEAST_WITHIN * part.size and within > MOST_WITHIN * int((~part).sum())


def _reached_from_the_border(dark: np.ndarray) -> np.ndarray | None:
    """The dark pixels (H,W) that are connected to the border through dark ones; None when there are none."""
    if not (dark[0].any() or dark[-1].any() or dark[:, 0].any() or dark[:, -1].any()):
        return None
    count, labels = cv2.connectedComponents(dark.view(np.uint8), connectivity=4)
    reached = np.zeros(count, dtype=bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        reached[side] = True
    reached[0] = False  # the bright pixels
    return np.asarray(reached[labels])
