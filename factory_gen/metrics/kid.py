"""KID (EfficientNet-Lite0 features): how far two sets of pictures lie apart, as the unbiased squared MMD.

Kernel: (x.y / d + 1)^3, as in "Demystifying MMD GANs" (Binkowski et al., 2018). The estimate is unbiased, so
two sets from one distribution scatter around 0 and may come out below it. Usually shown x 1000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from factory_gen.errors import InputRefused
from factory_gen.seeds import numpy_generator

KID_NAME = "KID (EfficientNet-Lite0 features)"


@dataclass(frozen=True, slots=True, kw_only=True)
class KidScore:
    """A distance between two sets with its interval.

    Fields:
        value: the estimate of the squared MMD; 0 means "same", negative values are noise around 0.
        low, high: percentile interval at the confidence that was asked for.
        first_count, second_count: pictures in each set.
    """

    value: float
    low: float
    high: float
    first_count: int
    second_count: int

    @property
    def x1000(self) -> float:
        """The value in thousandths, as papers print it."""
        return 1000.0 * self.value

    def __str__(self) -> str:
        return f"{self.x1000:.1f} [{1000 * self.low:.1f}, {1000 * self.high:.1f}] x 10^-3"


def kid(
    first: np.ndarray, second: np.ndarray, *, seed: int = 0, resamples: int = 200, confidence: float = 0.95
) -> KidScore:
    """Distance of two full sets of features (N,D) and (M,D), with a bootstrap interval.

    The sets may differ in size. Kernel matrices are kept in memory: (N+M)^2 float64 numbers.
    A pair made of one picture drawn twice is left out of a resample; it would pull every resample upwards.

    Args:
        seed: of the resampling; the value itself does not depend on it.
        resamples: bootstrap draws; 0 gives low = value = high.
        confidence: share of resamples inside the interval, in (0, 1).

    Raises:
        InputRefused: not two 2-D sets of at least 2 rows with equally many finite columns.
    """
    _check_sets(first, second)
    k_11, k_22, k_12 = _kernel(first, first), _kernel(second, second), _kernel(first, second)
    value = float(_weighted_mmd(k_11, k_22, k_12, _ones(first), _ones(second))[0])
    draws = np.array([value])
    if resamples:
        rng = numpy_generator(seed, "kid")
        draws = _weighted_mmd(
            k_11, k_22, k_12, _counts(rng, resamples, len(first)), _counts(rng, resamples, len(second))
        )
    return _score(value, draws, confidence, first, second)


def kid_of_subsets(
    first: np.ndarray,
    second: np.ndarray,
    *,
    subsets: int = 100,
    subset_size: int = 100,
    seed: int = 0,
    confidence: float = 0.95,
) -> KidScore:
    """Mean distance over random equal subsets of (N,D) and (M,D): the protocol of papers, and flat in memory.

    The interval is the spread between subsets, so it is wider than that of the full sets.

    Raises:
        InputRefused: as `kid`, or a set smaller than `subset_size`.
    """
    _check_sets(first, second)
    if not 2 <= subset_size <= min(len(first), len(second)):
        raise InputRefused(
            expected=f"a subset size between 2 and {min(len(first), len(second))}",
            found=str(subset_size),
            action="Give more pictures or a smaller subset size.",
        )
    rng = numpy_generator(seed, "kid")
    values = np.array(
        [
            _mmd(
                first[rng.choice(len(first), subset_size, replace=False)],
                second[rng.choice(len(second), subset_size, replace=False)],
            )
            for _ in range(subsets)
        ]
    )
    return _score(float(values.mean()), values, confidence, first, second)


def _mmd(first: np.ndarray, second: np.ndarray) -> float:
    kernels = _kernel(first, first), _kernel(second, second), _kernel(first, second)
    return float(_weighted_mmd(*kernels, _ones(first), _ones(second))[0])


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cubic polynomial kernel (N,M), float64: its small differences are the whole signal."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    return np.asarray((a @ b.T / a.shape[1] + 1.0) ** 3)


def _weighted_mmd(
    k_11: np.ndarray, k_22: np.ndarray, k_12: np.ndarray, w_1: np.ndarray, w_2: np.ndarray
) -> np.ndarray:
    """Squared MMD (R,) for R rows of weights (R,N) and (R,M); a picture paired with itself never counts."""
    cross = ((w_1 @ k_12) * w_2).sum(1) / (w_1.sum(1) * w_2.sum(1))
    return np.asarray(_mean_of_pairs(k_11, w_1) + _mean_of_pairs(k_22, w_2) - 2.0 * cross)


def _mean_of_pairs(kernel: np.ndarray, weights: np.ndarray) -> np.ndarray:
    squares = weights**2
    total = ((weights @ kernel) * weights).sum(1) - squares @ np.diag(kernel)
    pairs = weights.sum(1) ** 2 - squares.sum(1)
    # A resample of a tiny set may hold one picture only, thus no pair: it says nothing and is dropped later.
    return np.asarray(np.divide(total, pairs, out=np.full_like(total, np.nan), where=pairs > 0))


def _counts(rng: np.random.Generator, resamples: int, size: int) -> np.ndarray:
    """How often each of `size` pictures is drawn, per resample: (resamples, size)."""
    return rng.multinomial(size, np.full(size, 1.0 / size), size=resamples).astype(np.float64)


def _ones(features: np.ndarray) -> np.ndarray:
    return np.ones((1, len(features)))


def _score(
    value: float, draws: np.ndarray, confidence: float, first: np.ndarray, second: np.ndarray
) -> KidScore:
    tail = 50.0 * (1.0 - confidence)
    low, high = np.nanpercentile(draws, [tail, 100.0 - tail])
    return KidScore(
        value=value, low=float(low), high=float(high), first_count=len(first), second_count=len(second)
    )


def _check_sets(first: np.ndarray, second: np.ndarray) -> None:
    shapes = first.shape, second.shape
    square = all(len(shape) == 2 and shape[0] >= 2 for shape in shapes) and shapes[0][1] == shapes[1][1]
    if not square or not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InputRefused(
            expected="two sets of at least 2 finite feature rows, equally wide",
            found=f"shapes {shapes[0]} and {shapes[1]}",
            action="Give each side two pictures or more.",
        )
