"""The kernel two-sample test: do two sets of features come from one source?

Gretton et al., "A Kernel Two-Sample Test" (2012): the unbiased squared maximum mean discrepancy (lemma 6), with the
Gaussian kernel at the median distance, and its p-value from permutations of the two sets' labels.

Shape letters: N reference pictures, n window pictures, D features, R sets.
"""

from __future__ import annotations

import numpy as np


class GaussianKernel:
    """Gaussian kernel on standardised features, its width and scales taken from a reference (N,D).

    Args:
        reference: features (N,D), N at least 2.
    """

    def __init__(self, reference: np.ndarray) -> None:
        self._mean = reference.mean(axis=0, dtype=np.float64)
        spread = reference.std(axis=0, dtype=np.float64)
        # A feature that hardly varies in the catalogue must not become the loudest of all.
        self._spread = np.maximum(spread, 0.1 * float(spread.mean()) + 1e-12)
        self._reference = self._scaled(reference)
        squares = _squares(self._reference, self._reference)
        self._width = float(np.median(squares[~np.eye(len(squares), dtype=bool)])) + 1e-12
        self.within = np.exp(-squares / self._width)

    def pooled(self, window: np.ndarray) -> np.ndarray:
        """Kernel matrix (N+n,N+n) of the reference followed by a window (n,D)."""
        scaled = self._scaled(window)
        across = np.exp(-_squares(self._reference, scaled) / self._width)
        own = np.exp(-_squares(scaled, scaled) / self._width)
        return np.block([[self.within, across], [across.T, own]])

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return np.asarray((features.astype(np.float64) - self._mean) / self._spread)


def mmd_of_sets(kernel: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Unbiased squared MMD of each of R subsets to the rest of the same pictures.

    Args:
        kernel: (M,M), symmetric.
        chosen: (R,M) bool; each row has at least 2 True and 2 False.

    Returns:
        (R,) float64; around 0, also below it, when a subset is like the rest.
    """
    inside = chosen.astype(np.float64)
    outside = 1.0 - inside
    diagonal = np.diag(kernel)
    from_inside = inside @ kernel
    across = (from_inside * outside).sum(1)
    within = (from_inside * inside).sum(1) - inside @ diagonal
    rest = kernel.sum() - diagonal.sum() - within - 2.0 * across
    n, m = inside.sum(1), outside.sum(1)
    return np.asarray(within / (n * (n - 1)) + rest / (m * (m - 1)) - 2.0 * across / (n * m))


def permutation_test(
    kernel: np.ndarray, first: int, permutations: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Squared MMD of the first `first` pictures to the others, and its p-value.

    Args:
        kernel: (M,M) of both sets together.
        first: size of the first set, 2 to M - 2.
        permutations: how often the labels are dealt anew.
        rng: for that.

    Returns:
        value and p: the share of dealings, this one included, that give as much.
    """
    size = len(kernel)
    chosen = np.zeros((permutations + 1, size), dtype=bool)
    chosen[0, :first] = True
    for row in range(1, permutations + 1):
        chosen[row, rng.permutation(size)[:first]] = True
    values = mmd_of_sets(kernel, chosen)
    # A tie in the last bits is a tie.
    return float(values[0]), float((values >= values[0] - 1e-12).mean())


def unusual(kernel: np.ndarray, first: int) -> np.ndarray:
    """How much less like the first set than like its own each later picture is: the witness function, (M-first,)."""
    return np.asarray(kernel[first:, first:].mean(axis=1) - kernel[first:, :first].mean(axis=1))


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances (N,M)."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))
