"""The cheap scores: what can be measured on the picture alone, in about a millisecond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from factory_gen.images.masks import crop_around
from factory_gen.metrics.contrast import measure_contrast
from factory_gen.metrics.neighbours import CopyCheck
from factory_gen.metrics.seam import measure_seam
from factory_gen.metrics.spectrum import grain_ratio
from factory_gen.quality.scores import SampleScores

REACH = 32


def measure_looks(picture: np.ndarray, mask: np.ndarray, region: np.ndarray) -> SampleScores:
    """Contrast, fill, grain, seam and rim of a defect; the other scores stay unknown.

    Args:
        picture: (H,W,C) float32 in [-1,1].
        mask: (H,W) bool.
        region: (H,W) bool, where the part is.

    Raises:
        UsageError: the mask is empty or of another size than the picture.
    """
    near = crop_around(mask, REACH)
    picture, mask, region = picture[near], mask[near], region[near]
    seam = measure_seam(picture, mask, region=region)
    stands_out = measure_contrast(picture, mask, region=region)
    return SampleScores(
        contrast=stands_out.value,
        fill=stands_out.fill,
        grain=grain_ratio(None, picture, mask).fine,
        seam=seam.step,
        rim=seam.rim,
    )


def rank(value: float, known: Sequence[float] | np.ndarray) -> float:
    """Share of the known values below `value`, 0 to 1; NaN where nothing is known."""
    table = np.asarray(known, np.float64)
    table = table[np.isfinite(table)]
    return float((table < value).mean()) if len(table) and np.isfinite(value) else float("nan")


def nearest_rank(distance: float, copies: CopyCheck | None) -> float:
    """Share of real defects that have a nearer neighbour of another group than `distance`."""
    return float("nan") if copies is None else rank(distance, copies.real_distances)
