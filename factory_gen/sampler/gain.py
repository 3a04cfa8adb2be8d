"""How strong a drawn difference is put in: one factor for the whole defect, found by trying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from factory_gen.images.masks import bounds
from factory_gen.metrics.contrast import DefectContrast, measure_contrast

WRONG_SIGN = 2.0
SIGN_SHARE = 0.25
FACTORS = 9
# As far as the measure looks beyond the mask, and a little more.
REACH = 16


@dataclass(frozen=True)
class Wanted:
    """What a drawn difference is judged by.

    Attributes:
        canvas: (H,W,C) float32 in [-1,1].
        mask: (H,W) bool, the defect.
        weight: (H,W) float32, share of the difference that is put in.
        region: (H,W) bool, the part.
        target: contrast asked for, or None.
        shift: brightness step whose sign the defect should have, or None.
    """

    canvas: np.ndarray
    mask: np.ndarray
    weight: np.ndarray
    region: np.ndarray
    target: float | None
    shift: float | None

    def contrast(self, difference: np.ndarray, factor: float = 1.0) -> DefectContrast:
        """Contrast of the canvas with `factor` times the difference (H,W,C) put in."""
        top, left, bottom, right = bounds(self.mask)
        area = slice(max(0, top - REACH), bottom + REACH), slice(max(0, left - REACH), right + REACH)
        changed = self.canvas[area] + (factor * self.weight[area])[:, :, None] * difference[area]
        return measure_contrast(np.clip(changed, -1.0, 1.0), self.mask[area], region=self.region[area])

    def gap(self, found: DefectContrast) -> float:
        """Distance from what is asked for: a log ratio, more where the sign is wrong; 0 without a target."""
        if self.target is None:
            return 0.0
        if not np.isfinite(found.value):
            return float("inf")
        gap = abs(float(np.log(max(found.value, 0.05) / self.target)))
        if self.shift is not None and np.isfinite(found.shift):
            # A bright crack where real ones are dark may have the right contrast and is still wrong. A faint one has
            # little of the typical step and is right, so only what falls short of `SIGN_SHARE` of it counts.
            gap += WRONG_SIGN * min(1.0, max(0.0, SIGN_SHARE - found.shift / self.shift))
        return gap


def scaled(wanted: Wanted, difference: np.ndarray, gain: float) -> np.ndarray:
    """The canvas (H,W,C) float32 with the difference put in, scaled within 1/gain to gain to meet the target.

    The contrast is no multiple of the factor: it starts at the texture's own and a faint defect may even lower it. So
    factors are tried, from 1 outwards, and the nearest one is taken.
    """
    factor = 1.0
    if gain > 1.0 and wanted.target is not None:
        tried = np.geomspace(1.0 / gain, gain, FACTORS)
        tried = tried[np.argsort(np.abs(np.log(tried)), kind="stable")]
        factor = float(min(tried, key=lambda one: wanted.gap(wanted.contrast(difference, float(one)))))
    result = wanted.canvas + (factor * wanted.weight)[:, :, None] * difference
    return np.clip(result, -1.0, 1.0).astype(np.float32)
