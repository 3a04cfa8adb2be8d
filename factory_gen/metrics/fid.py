"""FID: the Frechet distance between two Gaussians fitted to the features of two sets (1706.08500).

    |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2))

Read it with care. It is biased upwards, the more so the fewer the pictures: two sets from one distribution do not come
out at 0. With fewer pictures than features (1,280) the covariances do not have full rank, and most of what differs is
that each set spans its own few directions. So compare only figures of equal counts, next to the floor of real against
real, and trust KID where they disagree. The name says the features: only Inception features give the FID of papers.

The trace is computed without matrix roots: with centred rows X (N,D) and Y (M,D), the eigenvalues of S_1 S_2 are the
squared singular values of X Y^T / sqrt((N-1)(M-1)), so the last term is twice their sum.
"""

from __future__ import annotations

import numpy as np

from factory_gen.metrics.set_score import SetScore, check_bootstrap, check_sets, interval, resample
from factory_gen.seeds import numpy_generator

FID_NAME = "FID (EfficientNet-Lite0 features)"


def fid(
    first: np.ndarray, second: np.ndarray, *, seed: int = 0, resamples: int = 50, confidence: float = 0.95
) -> SetScore:
    """Distance of two full sets of features (N,D) and (M,D), with an interval (see `FidReference`)."""
    return FidReference(second, seed=seed, resamples=resamples, confidence=confidence)(first)


class FidReference:
    """One reference set against which many sets are compared.

    A resample holds fewer different pictures than its set, so its distance is larger. Therefore the interval takes
    only its width from the resamples and is laid around the value: it tells how far another draw of as many
    pictures would scatter, not where the distance of endless sets lies. A resample costs one singular value
    decomposition of (min(N,D), min(M,D)): 0.1 s at 500 pictures a side.

    Args:
        second: the reference's features (M,D).
        seed: of the resampling; values do not depend on it.
        resamples: bootstrap draws; 0 gives low = value = high.
        confidence: share of resamples inside the interval, in (0, 1).

    Raises:
        InputRefused: not a 2-D set of at least 2 finite rows.
        UsageError: negative `resamples`, or `confidence` outside (0, 1).
    """

    def __init__(
        self, second: np.ndarray, *, seed: int = 0, resamples: int = 50, confidence: float = 0.95
    ) -> None:
        check_sets(second, second)
        check_bootstrap(resamples, confidence)
        self._second, self._seed, self._confidence = second.astype(np.float64), seed, confidence
        self._draws = resample(numpy_generator(seed, "fid", "reference"), resamples, len(second))

    def __call__(self, first: np.ndarray) -> SetScore:
        """Frechet distance of features (N,D) to the reference.

        Raises:
            InputRefused: not 2-D, fewer than 2 rows, another width, or not finite.
        """
        check_sets(first, self._second)
        rows = first.astype(np.float64)
        value = _distance(rows, self._second)
        low = high = value
        if len(self._draws):
            drawn = resample(numpy_generator(self._seed, "fid", "set"), len(self._draws), len(rows))
            values = np.array(
                [_distance(rows, self._second, *pair) for pair in zip(drawn, self._draws, strict=True)]
            )
            shift = value - float(np.median(values))
            low, high = (edge + shift for edge in interval(values, self._confidence))
        return SetScore(
            value=value, low=low, high=high, first_count=len(first), second_count=len(self._second)
        )


def _distance(
    first: np.ndarray,
    second: np.ndarray,
    first_counts: np.ndarray | None = None,
    second_counts: np.ndarray | None = None,
) -> float:
    """Frechet distance of rows (N,D) and (M,D), each counted so often (N,), (M,)."""
    (mean_1, x), (mean_2, y) = _centred(first, first_counts), _centred(second, second_counts)
    cross = np.linalg.svd(_short(x) @ _short(y).T, compute_uv=False).sum()
    return float(((mean_1 - mean_2) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2.0 * cross)


def _centred(rows: np.ndarray, counts: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and rows (N',D) whose X^T X is the covariance with n - 1 below; pictures not drawn are left out."""
    if counts is not None:
        rows, counts = rows[counts > 0], counts[counts > 0]
    weights = np.ones(len(rows)) if counts is None else counts
    total = weights.sum()
    mean = weights @ rows / total
    return mean, np.sqrt(weights / (total - 1.0))[:, None] * (rows - mean)


def _short(rows: np.ndarray) -> np.ndarray:
    """Rows with the same X^T X but no more of them than columns."""
    return np.asarray(np.linalg.qr(rows, mode="r")) if rows.shape[0] > rows.shape[1] else rows
