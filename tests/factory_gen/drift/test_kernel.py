from __future__ import annotations

import numpy as np

from factory_gen.drift.kernel import GaussianKernel, mmd_of_sets, permutation_test, unusual


def pooled(rng: np.random.Generator, window: int, reference: int, shift: float) -> np.ndarray:
    """Kernel matrix with the window first."""
    kernel = GaussianKernel(rng.normal(size=(reference, 4)))
    matrix = kernel.pooled(rng.normal(size=(window, 4)) + shift)
    order = np.r_[reference : reference + window, :reference]
    return matrix[np.ix_(order, order)]


def test_the_squared_mmd_is_the_mean_over_pairs_as_it_is_written() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(12, 3))
    kernel = GaussianKernel(points).within
    chosen = np.arange(12) % 3 == 0
    a, b = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    within = np.mean([kernel[i, j] for i in a for j in a if i != j])
    rest = np.mean([kernel[i, j] for i in b for j in b if i != j])
    across = np.mean([kernel[i, j] for i in a for j in b])
    assert np.isclose(mmd_of_sets(kernel, chosen[None])[0], within + rest - 2 * across)


def test_p_values_are_even_without_a_difference_and_small_with_one() -> None:
    rng = np.random.default_rng(1)
    p = [permutation_test(pooled(rng, 15, 30, 0.0), 15, 99, rng)[1] for _ in range(200)]
    assert abs(np.mean(p) - 0.5) < 0.07
    assert np.mean(np.array(p) <= 0.1) < 0.17
    value, far = permutation_test(pooled(rng, 15, 30, 1.5), 15, 199, rng)
    assert far == 1 / 200
    assert value > 0.05


def test_a_constant_feature_of_the_reference_does_not_decide() -> None:
    rng = np.random.default_rng(2)
    reference = rng.normal(size=(40, 5))
    reference[:, 4] = 1.0
    window = rng.normal(size=(20, 5))
    window[:, 4] = 1.0 + 1e-6
    kernel = GaussianKernel(reference).pooled(window)
    assert permutation_test(kernel, 40, 99, rng)[1] > 0.05


def test_the_picture_that_is_least_like_the_reference_is_found() -> None:
    rng = np.random.default_rng(3)
    window = rng.normal(size=(10, 4)) + 1.0
    window[6] += 2.0
    kernel = GaussianKernel(rng.normal(size=(60, 4))).pooled(window)
    like_reference = unusual(kernel, 60)
    assert like_reference.shape == (10,)
    assert like_reference.min() < like_reference.max()
    window[6] = 0.0  # in the middle of the reference: the most usual of all
    kernel = GaussianKernel(rng.normal(size=(60, 4))).pooled(window)
    assert int(np.argmin(unusual(kernel, 60))) == 6
