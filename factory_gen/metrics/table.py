"""All distances between two sets of pictures by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from factory_gen.metrics.cmmd import cmmd_against
from factory_gen.metrics.fid import FidReference
from factory_gen.metrics.kid import kid_against
from factory_gen.metrics.set_score import Measure


@dataclass(frozen=True)
class Metric:
    """A distance: 0 or near it for sets that are alike, larger is worse.

    Attributes:
        title: name without the features, which the caller adds.
        scale: factor by which papers print it, as in `SetScore`.
        against: (reference (M,D), seed=..., resamples=..., confidence=...) to a measure of sets (N,D).
    """

    title: str
    scale: float
    against: Callable[..., Measure]

    def name(self, features: str) -> str:
        """The title with the features it was made on, for instance ``KID (EfficientNet-Lite0 features)``."""
        return f"{self.title} ({features})"


METRICS: dict[str, Metric] = {
    "kid": Metric("KID", 1000.0, kid_against),
    "cmmd": Metric("CMMD", 1000.0, cmmd_against),
    "fid": Metric("FID", 1.0, FidReference),
}


def measures_against(reference: np.ndarray, *, seed: int = 0) -> dict[str, Measure]:
    """Every metric of the table, prepared for one reference (M,D)."""
    return {name: metric.against(reference, seed=seed) for name, metric in METRICS.items()}
