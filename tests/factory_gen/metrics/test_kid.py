"""KID against torchmetrics, against a slow sum over pairs, and against distributions known in advance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import KernelInceptionDistance

from factory_gen.errors import InputRefused
from factory_gen.metrics.kid import KidScore, kid, kid_of_subsets

Measure = Callable[..., KidScore]


class Pass(torch.nn.Module):
    """Hands features through, so that torchmetrics computes on exactly ours."""

    num_features = 16

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def draw(count: int, *, shift: float = 0.0, seed: int = 0, width: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1.0, (count, width)).astype(np.float32)


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
    wanted = float(theirs.compute()[0])
    assert kid(first, second).value == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    whole = kid_of_subsets(first, second, subsets=2, subset_size=60)
    assert whole.value == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_one_distribution_scatters_around_zero() -> None:
    values = np.array([kid(draw(40, seed=s), draw(40, seed=100 + s), resamples=0).value for s in range(60)])
    assert values.min() < 0 < values.max(), "an unbiased estimate must fall on both sides"
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(len(values))


def test_a_larger_shift_is_a_larger_distance() -> None:
    base = draw(80)
    scores = [kid(base, draw(80, shift=shift, seed=9)) for shift in (0.0, 0.5, 1.0, 2.0)]
    values = [score.value for score in scores]
    assert values == sorted(values) and scores[1].low > 0
    assert all(score.low <= score.value <= score.high for score in scores[1:])


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


@pytest.mark.parametrize("measure", [kid, kid_of_subsets])
def test_the_seed_decides_and_the_value_of_full_sets_ignores_it(measure: Measure) -> None:
    first, second = draw(120), draw(110, shift=0.3, seed=2)
    assert measure(first, second, seed=4) == measure(first, second, seed=4)
    assert measure(first, second, seed=4) != measure(first, second, seed=5)
    assert kid(first, second, seed=4).value == kid(first, second, seed=5).value


def test_two_pictures_a_side_still_give_a_finite_interval() -> None:
    score = kid(draw(2), draw(2, shift=3, seed=1))
    assert np.isfinite([score.value, score.low, score.high]).all()


def test_score_prints_thousandths() -> None:
    score = KidScore(value=0.0123, low=0.01, high=0.015, first_count=9, second_count=8)
    assert score.x1000 == pytest.approx(12.3) and str(score) == "12.3 [10.0, 15.0] x 10^-3"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (draw(1), draw(5)),
        (draw(5), draw(5, width=15)),
        (draw(5)[0], draw(5)),
        (np.full((3, 16), np.nan), draw(5)),
    ],
    ids=["one row", "other width", "one axis", "not finite"],
)
@pytest.mark.parametrize("measure", [kid, kid_of_subsets])
def test_unusable_sets_are_refused(measure: Measure, first: np.ndarray, second: np.ndarray) -> None:
    with pytest.raises(InputRefused, match="two pictures or more"):
        measure(first, second)


@pytest.mark.parametrize("size", [1, 11])
def test_subsets_larger_than_a_set_are_refused(size: int) -> None:
    with pytest.raises(InputRefused, match="subset size"):
        kid_of_subsets(draw(10), draw(30), subset_size=size)
