"""KID against torchmetrics, against a slow sum over pairs, and against distributions known in advance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import KernelInceptionDistance

from factory_gen.metrics.kid import kid, kid_against
from tests.factory_gen.metrics.drawn_sets import Pass, draw


def slow_mmd(first: np.ndarray, second: np.ndarray) -> float:
    """Apply the definition, pair by pair."""

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((np.dot(x.astype(float), y.astype(float)) / len(x) + 1) ** 3)

    within = [
        np.mean([kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j])
        for s in (first, second)
    ]
    return float(sum(within) - 2 * np.mean([kernel(x, y) for x in first for y in second]))


@pytest.mark.parametrize("counts", [(2, 2), (5, 9), (12, 7)])
def test_value_is_the_definition_also_for_unequal_sets(counts: tuple[int, int]) -> None:
    first, second = draw(counts[0]), draw(counts[1], shift=0.7, seed=1)
    assert kid(first, second).value == pytest.approx(slow_mmd(first, second), rel=1e-9)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_value_agrees_with_torchmetrics(shift: float) -> None:
    first, second = draw(60), draw(60, shift=shift, seed=1)
    theirs = KernelInceptionDistance(feature=Pass(), subsets=1, subset_size=60)
    theirs.update(torch.from_numpy(first), real=True)
    theirs.update(torch.from_numpy(second), real=False)
    assert kid(first, second).value == pytest.approx(float(theirs.compute()[0]), rel=1e-4, abs=1e-5)


def test_one_distribution_scatters_around_zero() -> None:
    values = np.array([kid(draw(40, seed=s), draw(40, seed=100 + s), resamples=0).value for s in range(60)])
    assert values.min() < 0 < values.max(), "an unbiased estimate must fall on both sides"
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(len(values))


def test_interval_covers_the_true_distance_about_as_often_as_promised() -> None:
    """Truth: under one distribution the distance is 0; 90 % intervals must mostly hold it."""
    scores = [
        kid(draw(50, seed=s), draw(50, seed=500 + s), seed=s, resamples=100, confidence=0.9)
        for s in range(60)
    ]
    covered = np.mean([score.low <= 0 <= score.high for score in scores])
    assert covered >= 0.75
    wide = kid(draw(20), draw(20, shift=1, seed=3))
    narrow = kid(draw(500), draw(500, shift=1, seed=3))
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_two_pictures_a_side_still_give_a_finite_interval() -> None:
    score = kid(draw(2), draw(2, shift=3, seed=1))
    assert np.isfinite([score.value, score.low, score.high]).all()


def test_a_prepared_reference_gives_what_the_pair_gives() -> None:
    reference = draw(30, seed=2)
    prepared = kid_against(reference, seed=7)
    for shift in (0.0, 1.0):
        assert prepared(draw(25, shift=shift)) == kid(draw(25, shift=shift), reference, seed=7)
