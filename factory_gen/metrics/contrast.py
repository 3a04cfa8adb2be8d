"""Can the defect be seen? Its deviation from the surroundings, in units of how much these vary themselves.

The figure: smooth picture and mask's ring alike (sigma 1 pixel, so that single grains do not count), then

    contrast = mean over the mask of |pixel - median of the ring| / spread of the ring

with the spread as half the distance between the ring's 16 % and 84 % points (the standard deviation of a bell
curve, but deaf to a few odd pixels). Texture without any defect gives about 0.8, the mean of |N(0, 1)|. A crack is
thin and a blowhole is small, so a mean over the mask fits both; a large uneven area differs rather by its level
(`shift`) or by its roughness (`texture`), which are given beside it. No unit and no scale: 8 or 16 bit alike.

Shape legend: H height, W width, C channels; picture (H,W) or (H,W,C), mask (H,W) bool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.checks import check_mask
from factory_gen.images.masks import crop_around, dilate

SMOOTHING = 1.0
GAP = 2
MIN_RING_PIXELS = 16
NOTHING_THERE = 0.8
STRONGEST = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectContrast:
    """How a defect stands out; all of it is nan where nothing surrounds the mask.

    Fields:
        value: mean absolute deviation from the ring, in ring spreads, >= 0; about 0.8 where nothing is to be seen.
        shift: difference of the medians in ring spreads; negative is darker than the surroundings.
        texture: log2 of the spread inside over that of the ring; 0 alike, 1 twice as rough, -1 half as rough.
        fill: share of the mask that deviates by more than half as much as its strongest tenth, 0 to 1: near 1 the
            defect fills its mask evenly, low it is a core in a mask that is too large.
    """

    value: float
    shift: float
    texture: float
    fill: float


_UNKNOWN = float("nan")
NO_SURROUNDINGS = DefectContrast(value=_UNKNOWN, shift=_UNKNOWN, texture=_UNKNOWN, fill=_UNKNOWN)


def mask_contrast(
    picture: np.ndarray,
    mask: np.ndarray,
    ring: int = 8,
    *,
    region: np.ndarray | None = None,
    floor: float = 0.004,
) -> float:
    """Contrast of the pixels under a mask, see `measure_contrast`; nan without surroundings."""
    return measure_contrast(picture, mask, ring, region=region, floor=floor).value


def measure_contrast(
    picture: np.ndarray,
    mask: np.ndarray,
    ring: int = 8,
    *,
    region: np.ndarray | None = None,
    floor: float = 0.004,
) -> DefectContrast:
    """Measure how the pixels under a mask stand out from the ring around it.

    Args:
        picture: (H,W) or (H,W,C) in any unit; of several channels the one with the strongest contrast counts.
        mask: (H,W) bool, the defect.
        ring: width of the surroundings in pixels; they begin 2 pixels off the mask, whose edge is rarely exact.
        region: (H,W) bool, where the part is; the ring stays inside it, so a dark backdrop is no surroundings.
        floor: least spread, in the picture's unit; the default is half a grey level of 8 bits in [-1, 1].

    Raises:
        UsageError: the mask is empty or of another size than the picture.
    """
    check_mask(mask, picture.shape[:2], "mask")
    reach = GAP + ring
    crop = crop_around(mask, reach + 4)
    inside = mask[crop]
    around = dilate(inside, reach) & ~dilate(inside, GAP)
    if region is not None:
        around &= region[crop]
    if around.sum() < MIN_RING_PIXELS:
        return NO_SURROUNDINGS
    channels = np.atleast_3d(smooth(picture[crop]))
    found = [
        _compare(channels[..., c][inside], channels[..., c][around], floor) for c in range(channels.shape[2])
    ]
    return max(found, key=lambda contrast: contrast.value)


def mask_contrasts(
    pictures: Sequence[np.ndarray] | np.ndarray, masks: Sequence[np.ndarray] | np.ndarray, ring: int = 8
) -> np.ndarray:
    """Contrasts (B,) float64 of B pictures (B,H,W[,C]) with B masks (B,H,W), or with one mask (H,W) for all."""
    if isinstance(masks, np.ndarray) and masks.ndim == 2:
        masks = [masks] * len(pictures)
    return np.array([mask_contrast(p, m, ring) for p, m in zip(pictures, masks, strict=True)], np.float64)


def change_contrast(
    before: np.ndarray, after: np.ndarray, mask: np.ndarray, ring: int = 8, *, floor: float = 0.004
) -> float:
    """How much a picture was changed under the mask, in spreads of the untouched ring; 0 is not at all.

    Sharper than `mask_contrast` where a good picture is at hand to compare with: its own texture cancels out.

    Args:
        before, after: (H,W) or (H,W,C) of one shape and unit; of several channels the most changed one counts.
        mask, ring, floor: as in `measure_contrast`.
    """
    check_mask(mask, before.shape[:2], "mask")
    crop = crop_around(mask, GAP + ring + 4)
    inside = mask[crop]
    around = dilate(inside, GAP + ring) & ~dilate(inside, GAP)
    if around.sum() < MIN_RING_PIXELS:
        return float("nan")
    source, result = np.atleast_3d(smooth(before[crop])), np.atleast_3d(smooth(after[crop]))
    change = np.abs(result - source)[inside].mean(axis=0)
    spreads = [max(spread(source[..., c][around]), floor) for c in range(source.shape[2])]
    return float((change / np.array(spreads)).max())


def smooth(picture: np.ndarray) -> np.ndarray:
    """Float32 picture of the same shape after a Gaussian of sigma 1 pixel."""
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), SMOOTHING))


def spread(values: np.ndarray) -> float:
    """Half the distance between the 16 % and the 84 % point: the standard deviation of a bell curve."""
    low, high = np.percentile(values, [15.865, 84.135])
    return float(high - low) / 2.0


def _compare(inside: np.ndarray, around: np.ndarray, floor: float) -> DefectContrast:
    level, unit = float(np.median(around)), max(spread(around), floor)
    deviation = np.abs(inside - level)
    return DefectContrast(
        value=float(deviation.mean()) / unit,
        shift=(float(np.median(inside)) - level) / unit,
        texture=float(np.log2(max(spread(inside), floor) / unit)),
        fill=float((deviation > 0.5 * np.quantile(deviation, STRONGEST)).mean()),
    )
