"""Does the mask's border show? A composite's seam is a step or a line exactly where the mask ends.

Two figures, both without a unit, both to be read beside the same figures of real defects (a blowhole has a hard
border by nature, an uneven area has none):

    step = log2( mean |dI/dn| on the border / mean |dI/dn| 3 to 8 pixels outside )
    rim  = | mean on the border - (mean just inside + mean just outside) / 2 | / spread of the outside

dI/dn is the brightness gradient along the normal of the mask's border. The first finds a hard edge, the second a thin
ring that is brighter or darker than both of its sides.

Shape legend: H height, W width, C channels; picture (H,W) or (H,W,C), mask (H,W) bool.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.checks import check_mask
from factory_gen.images.masks import crop_around, erode
from factory_gen.metrics.contrast import spread

MARGIN = 16
FEWEST_PIXELS = 12
_SMOOTHING = 0.7
_LEAST_SPREAD = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamFigures:
    """How much a mask's border shows; nan where too little of it lies on the part.

    Fields:
        step: log2 of the gradient across the border over that of the surroundings; 0 is "no border to be seen".
        rim: brightness of the border line against both of its sides, in spreads of the surroundings, >= 0.
    """

    step: float
    rim: float


def measure_seam(picture: np.ndarray, mask: np.ndarray, *, region: np.ndarray | None = None) -> SeamFigures:
    """Measure the border of a mask in a picture.

    Args:
        picture: (H,W) or (H,W,C), any unit; channels are averaged.
        mask: (H,W) bool, the defect.
        region: (H,W) bool, where the part is; the part's own edge is no seam.

    Raises:
        UsageError: the mask is empty or of another size than the picture.
    """
    check_mask(mask, picture.shape[:2], "mask")
    crop = crop_around(mask, MARGIN)
    grey = np.atleast_3d(picture[crop]).astype(np.float32).mean(axis=2)
    inside = mask[crop]
    counted = np.ones(inside.shape, bool) if region is None else erode(region[crop], 2) & region[crop]
    depth = _depth(inside)
    slope = np.abs(_normal_slope(grey, depth))
    outside = (depth < -2.5) & (depth > -8.0) & counted
    if outside.sum() < FEWEST_PIXELS:
        return SeamFigures(step=float("nan"), rim=float("nan"))
    border = _mean(slope, (np.abs(depth) < 1.2) & counted)
    return SeamFigures(
        step=float(np.log2(max(border, 1e-6) / max(_mean(slope, outside), 1e-6))),
        rim=_rim(grey, depth, counted) / max(spread(grey[outside]), _LEAST_SPREAD),
    )


def _rim(grey: np.ndarray, depth: np.ndarray, counted: np.ndarray) -> float:
    line = _mean(grey, (np.abs(depth) < 1.1) & counted)
    within, without = (depth > 1.4) & (depth < 4.0), (depth < -1.4) & (depth > -4.0)
    if within.sum() < FEWEST_PIXELS:  # a thin mask is border throughout: its core stands for the inside
        within = depth > 0.5
    return abs(line - 0.5 * (_mean(grey, within & counted) + _mean(grey, without & counted)))


def _mean(values: np.ndarray, where: np.ndarray) -> float:
    return float(values[where].mean()) if where.sum() >= FEWEST_PIXELS else float("nan")


def _depth(mask: np.ndarray) -> np.ndarray:
    """Distance to the mask's border in pixels, positive inside; the picture's own edge is no border."""
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    inward = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    outward = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.where(mask, inward - 0.5, 0.5 - outward), np.float32)


def _normal_slope(grey: np.ndarray, depth: np.ndarray) -> np.ndarray:
    soft = cv2.GaussianBlur(grey, (0, 0), _SMOOTHING)
    course = cv2.GaussianBlur(depth, (0, 0), 1.0)
    (down, across), (normal_y, normal_x) = _gradient(soft), _gradient(course)
    length = np.sqrt(normal_x**2 + normal_y**2) + 1e-6
    return np.asarray((across * normal_x + down * normal_y) / length)


def _gradient(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return cv2.Sobel(values, cv2.CV_32F, 0, 1, ksize=3), cv2.Sobel(values, cv2.CV_32F, 1, 0, ksize=3)
