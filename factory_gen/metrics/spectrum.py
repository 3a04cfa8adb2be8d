"""Grain: is a generated patch as rough, at every fineness, as the picture around it?

An autoencoder swallows sensor grain, and an inspector then learns "smooth means defect". So the picture is split
into bands of fineness (differences of Gaussians, fine to coarse) and the spread of each band inside the mask is
set against the ring around it, and against the same pixels before the defect was drawn. 1 is right, below 1 is too
smooth. The spread is the median absolute deviation, so a defect's own edge, a few strong pixels, does not pass
for grain.

Shape legend: N pictures, H height, W width, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from factory_gen.checks import check_mask
from factory_gen.images.masks import crop_around, dilate, erode

# Borders between the bands: Gaussian sigmas in pixels. The first band is what a sigma of 0.7 takes away.
BAND_SIGMAS = (0.7, 1.4, 2.8)
BAND_NAMES = ("fine", "middle", "coarse")
MIN_PIXELS = 16
_TINY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class GrainRatio:
    """Spread of the residual inside a mask over a reference, per band (fine, middle, coarse).

    Fields:
        to_ring: against the untouched ring around the mask; nan where the ring is missing.
        to_source: against the same pixels of the source; nan where no source was given.
    """

    to_ring: tuple[float, ...]
    to_source: tuple[float, ...]

    @property
    def fine(self) -> float:
        """Ratio to the ring in the finest band, where sensor grain lives."""
        return self.to_ring[0]


def grain_ratio(
    pixels_before: np.ndarray | None, pixels_after: np.ndarray, mask: np.ndarray, *, ring: int = 12
) -> GrainRatio:
    """Compare the grain under a mask with that around it.

    Args:
        pixels_before: the source picture, (H,W) or (H,W,C); None for a real defect, which has no "before".
        pixels_after: the picture with the defect, same shape, any unit.
        mask: (H,W) bool; its outermost pixel is left out where the mask is thick enough, since filters bleed.
        ring: width of the surroundings in pixels; they begin 2 pixels off the mask.

    Returns:
        Ratios per band, mean over the channels; nan where fewer than 16 pixels could be compared.

    Raises:
        UsageError: the mask is empty or of another size than the picture.
    """
    check_mask(mask, pixels_after.shape[:2], "mask")
    crop = crop_around(mask, ring + 12)
    core = _core(mask[crop])
    around = dilate(mask[crop], ring + 2) & ~dilate(mask[crop], 2)
    after = bands(pixels_after[crop])
    inside = [_spread(band, core) for band in after]
    to_ring = _ratios(inside, [_spread(band, around) for band in after])
    if pixels_before is None:
        return GrainRatio(to_ring=to_ring, to_source=(float("nan"),) * len(BAND_SIGMAS))
    before = bands(pixels_before[crop])
    return GrainRatio(to_ring=to_ring, to_source=_ratios(inside, [_spread(band, core) for band in before]))


def band_ratio(before: np.ndarray, after: np.ndarray) -> tuple[float, ...]:
    """Root mean square per band of pictures `after` over `before`, both (N,H,W) or (N,H,W,C), pooled over all.

    For a whole autoencoder: 1 keeps the band, 0 loses it.
    """
    sums = np.zeros((2, len(BAND_SIGMAS)))
    for side, pictures in enumerate((before, after)):
        for picture in pictures:
            sums[side] += [float((band**2).mean()) for band in bands(picture)]
    return tuple(float(ratio) for ratio in np.sqrt(sums[1] / np.maximum(sums[0], _TINY**2)))


def bands(picture: np.ndarray) -> list[np.ndarray]:
    """Residuals of a picture (H,W[,C]) from fine to coarse, float32, same shape; mean close to 0."""
    raw = picture.astype(np.float32)
    # OpenCV drops a last axis of length 1
    layers = [raw, *(cv2.GaussianBlur(raw, (0, 0), sigma).reshape(raw.shape) for sigma in BAND_SIGMAS)]
    return [fine - coarse for fine, coarse in pairwise(layers)]


def _core(mask: np.ndarray) -> np.ndarray:
    inner = erode(mask, 1) & mask
    return inner if inner.sum() >= MIN_PIXELS else mask


def _spread(band: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Median absolute deviation per channel (C,) of the pixels under `where`; nan for too few of them."""
    values = np.atleast_3d(band)[where]
    if len(values) < MIN_PIXELS:
        return np.full(values.shape[1], np.nan)
    return np.asarray(np.median(np.abs(values - np.median(values, axis=0)), axis=0))


def _ratios(inside: list[np.ndarray], reference: list[np.ndarray]) -> tuple[float, ...]:
    return tuple(float((a / np.maximum(b, _TINY)).mean()) for a, b in zip(inside, reference, strict=True))
