"""The unbiased squared maximum mean discrepancy between two sets, for any kernel, with a bootstrap interval.

Gretton et al., "A Kernel Two-Sample Test" (2012), lemma 6: mean kernel within each set, a picture never paired with
itself, less twice the mean kernel across. Two sets from one distribution scatter around 0 and may come out below it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from factory_gen.metrics.set_score import SetScore, check_bootstrap, check_sets, interval, resample
from factory_gen.seeds import numpy_generator

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


class MmdReference:
    """One reference set, prepared once, against which many sets are compared.

    All comparisons share the resamples of the reference, so that differences between them carry less noise.
    Kernel matrices are kept in memory: M^2 float64 numbers, and (N+M)N more during a comparison.

    Args:
        kernel: (N,D) and (M,D) to (N,M), float64.
        second: the reference's features (M,D).
        name: names the random stream.
        seed: of the resampling; values do not depend on it.
        resamples: bootstrap draws; 0 gives low = value = high.
        confidence: share of resamples inside the interval, in (0, 1).

    Raises:
        InputRefused: not a 2-D set of at least 2 finite rows.
        UsageError: negative `resamples`, or `confidence` outside (0, 1).
    """

    def __init__(
        self,
        kernel: Kernel,
        second: np.ndarray,
        *,
        name: str,
        seed: int,
        resamples: int,
        confidence: float,
    ) -> None:
        check_sets(second, second)
        check_bootstrap(resamples, confidence)
        self._kernel, self._second, self._confidence = kernel, second, confidence
        self._stream = (seed, name)
        # The first row is the set as it is; the others are its resamples.
        drawn = resample(numpy_generator(*self._stream, "reference"), resamples, len(second))
        self._weights = np.vstack([np.ones(len(second)), drawn])
        self._within = _mean_of_pairs(kernel(second, second), self._weights)

    def __call__(self, first: np.ndarray) -> SetScore:
        """Squared MMD of features (N,D) to the reference; the sets may differ in size.

        Raises:
            InputRefused: not 2-D, fewer than 2 rows, another width, or not finite.
        """
        check_sets(first, self._second)
        rng = numpy_generator(*self._stream, "set")
        drawn = resample(rng, len(self._weights) - 1, len(first))
        weights = np.vstack([np.ones(len(first)), drawn])
        within = _mean_of_pairs(self._kernel(first, first), weights)
        across = ((weights @ self._kernel(first, self._second)) * self._weights).sum(1)
        values = within + self._within - 2.0 * across / (weights.sum(1) * self._weights.sum(1))
        low, high = interval(values[1:] if len(values) > 1 else values, self._confidence)
        return SetScore(
            value=float(values[0]),
            low=low,
            high=high,
            first_count=len(first),
            second_count=len(self._second),
            scale=1000.0,
        )


def _mean_of_pairs(kernel: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean kernel (R,) over pairs for weights (R,N).

    A pair made of one picture drawn twice is left out of a resample; it would pull every resample upwards.
    """
    squares = weights**2
    total = ((weights @ kernel) * weights).sum(1) - squares @ np.diag(kernel)
    pairs = weights.sum(1) ** 2 - squares.sum(1)
    # A resample of a tiny set may hold one picture only, thus no pair: it says nothing and is dropped later.
    return np.asarray(np.divide(total, pairs, out=np.full_like(total, np.nan), where=pairs > 0))
