"""CMMD against a slow sum over pairs and against a case that can be done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.metrics.cmmd import cmmd, gaussian_kernel
from tests.factory_gen.metrics.drawn_sets import draw


def slow_cmmd(first: np.ndarray, second: np.ndarray) -> float:
    """Apply the definition, pair by pair."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        apart = x / np.linalg.norm(x) - y / np.linalg.norm(y)
        return float(np.exp(-(apart @ apart) / 200.0))

    a, b = first.astype(float), second.astype(float)
    within = [
        np.mean([kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j]) for s in (a, b)
    ]
    return float(sum(within) - 2 * np.mean([kernel(x, y) for x in a for y in b]))


@pytest.mark.parametrize("counts", [(2, 2), (5, 9), (12, 7)])
def test_value_is_the_definition_also_for_unequal_sets(counts: tuple[int, int]) -> None:
    first, second = draw(counts[0]), draw(counts[1], shift=0.7, seed=1)
    assert cmmd(first, second).value == pytest.approx(slow_cmmd(first, second), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(("cosine", "apart"), [(-1.0, 4.0), (0.0, 2.0), (0.5, 1.0)])
def test_two_bundles_lie_apart_as_their_angle_says(cosine: float, apart: float) -> None:
    """Each set is one direction with lengths of its own: the distance is 2 - 2 k(|x-y|^2)."""
    lengths = np.array([[0.5], [1.0], [7.0]])
    first, second = lengths * [1.0, 0.0], lengths * [cosine, np.sqrt(1 - cosine**2)]
    score = cmmd(first, second, resamples=0)
    assert score.value == pytest.approx(2 - 2 * np.exp(-apart / 200.0), rel=1e-9)
    assert score.printed[0] == pytest.approx(1000 * score.value)


def test_a_row_of_zeros_is_no_division_by_zero() -> None:
    assert gaussian_kernel(np.zeros((2, 3)), np.eye(3)) == pytest.approx(np.exp(-1 / 200.0))


def test_one_distribution_scatters_around_zero() -> None:
    values = np.array([cmmd(draw(40, seed=s), draw(40, seed=100 + s), resamples=0).value for s in range(60)])
    assert values.min() < 0 < values.max(), "an unbiased estimate must fall on both sides"
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(len(values))


def test_interval_covers_the_true_distance_about_as_often_as_promised() -> None:
    """Truth: under one distribution the distance is 0; 90 % intervals must mostly hold it."""
    scores = [
        cmmd(draw(50, seed=s), draw(50, seed=500 + s), seed=s, resamples=100, confidence=0.9)
        for s in range(60)
    ]
    assert np.mean([score.low <= 0 <= score.high for score in scores]) >= 0.75
