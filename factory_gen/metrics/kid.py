"""KID (EfficientNet-Lite0 features): how far two sets of pictures lie apart, as the unbiased squared MMD.

Kernel: (x.y / d + 1)^3, as in "Demystifying MMD GANs" (Binkowski et al., 2018). The estimate is unbiased, so
two sets from one distribution scatter around 0 and may come out below it. Usually shown x 1000.
"""

from __future__ import annotations

import numpy as np

from factory_gen.metrics.mmd import MmdReference
from factory_gen.metrics.set_score import SetScore

KID_NAME = "KID (EfficientNet-Lite0 features)"


def kid(
    first: np.ndarray, second: np.ndarray, *, seed: int = 0, resamples: int = 200, confidence: float = 0.95
) -> SetScore:
    """Distance of two full sets of features (N,D) and (M,D), with a bootstrap interval (see `MmdReference`)."""
    return kid_against(second, seed=seed, resamples=resamples, confidence=confidence)(first)


def kid_against(
    second: np.ndarray, *, seed: int = 0, resamples: int = 200, confidence: float = 0.95
) -> MmdReference:
    """Prepare a reference (M,D) once; call the result with each set (N,D) that is to be compared with it."""
    return MmdReference(
        cubic_kernel, second, name="kid", seed=seed, resamples=resamples, confidence=confidence
    )


def cubic_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,D) and (M,D) to (N,M), float64: its small differences are the whole signal."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    return np.asarray((a @ b.T / a.shape[1] + 1.0) ** 3)
