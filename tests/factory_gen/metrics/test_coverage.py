"""Precision, recall, density and coverage where the answer is known: same, apart, half missing, half wrong."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.errors import InputRefused, UsageError
from factory_gen.metrics.coverage import CoverageScores, measure_coverage
from tests.factory_gen.metrics.drawn_sets import draw

FIGURES = ("precision", "recall", "density", "coverage")


def values(scores: CoverageScores) -> dict[str, float]:
    return {name: getattr(scores, name).value for name in FIGURES}


def test_a_line_of_pictures_by_hand() -> None:
    """Real at 0, 1, 2, 10 with k = 1: balls of radius 1, 1, 1, 8. Made at 0.5, 4, 30, 31: radii 3.5, 3.5, 1, 1."""
    real, made = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[0.5], [4.0], [30.0], [31.0]])
    wanted = {
        "precision": 2 / 4,  # 0.5 lies in the balls of 0 and 1; 4 in that of 10; 30 and 31 in none
        "density": (2 + 1) / 4,
        "recall": 3 / 4,  # 0, 1 and 2 lie within 3.5 of 0.5; 10 is 6 away from 4
        "coverage": 3 / 4,  # the ball of 2 holds none
    }
    assert values(measure_coverage(made, real, nearest=1)) == pytest.approx(wanted)


def test_the_very_same_pictures_score_full() -> None:
    found = values(measure_coverage(draw(60), draw(60)))
    assert found == pytest.approx(dict.fromkeys(FIGURES, 1.0))


def test_one_distribution_gives_the_expected_density_and_coverage() -> None:
    """Expected: density 1, coverage 1 - 2^-k, for sets of equal size (2002.09797)."""
    runs = [
        values(measure_coverage(draw(200, seed=s, width=4), draw(200, seed=100 + s, width=4), resamples=0))
        for s in range(10)
    ]
    assert np.mean([run["density"] for run in runs]) == pytest.approx(1.0, abs=0.05)
    assert np.mean([run["coverage"] for run in runs]) == pytest.approx(1 - 2**-5, abs=0.02)


def test_far_apart_is_nothing_in_common() -> None:
    assert set(values(measure_coverage(draw(40), draw(40, shift=50, seed=1))).values()) == {0.0}


@pytest.mark.parametrize(
    ("made", "whole", "half"),
    [
        (draw(200, seed=5), ("precision", "density"), ("recall", "coverage")),
        (
            np.vstack([draw(100, seed=5), draw(100, shift=30, seed=6), draw(100, shift=-30, seed=7)]),
            ("recall", "coverage"),
            ("precision", "density"),
        ),
    ],
    ids=["half of the kinds missing", "a third of the pictures wrong"],
)
def test_what_is_missing_and_what_is_wrong_are_told_apart(
    made: np.ndarray, whole: tuple[str, ...], half: tuple[str, ...]
) -> None:
    real = np.vstack([draw(100), draw(100, shift=30, seed=1)])
    found, floor = (values(measure_coverage(one, real)) for one in (made, real_again()))
    assert all(found[name] > 0.85 * floor[name] for name in whole)
    assert all(found[name] < 0.75 * floor[name] for name in half)


def real_again() -> np.ndarray:
    return np.vstack([draw(100, seed=5), draw(100, shift=30, seed=6)])


def test_a_far_outlier_among_the_real_lifts_precision_but_not_density_much() -> None:
    real = np.vstack([draw(100), draw(1, shift=40)])
    wrong = draw(100, shift=20, seed=3)
    found = values(measure_coverage(wrong, real))
    assert found["precision"] > 0.5 and found["density"] < 0.3 and found["coverage"] < 0.05


def test_intervals_hold_their_value_and_the_seed_decides_them() -> None:
    made, real = draw(60, shift=0.4), draw(60, seed=1)
    one, again, other = (measure_coverage(made, real, seed=seed) for seed in (1, 1, 2))
    assert one == again and one != other and values(one) == values(other)
    assert all(getattr(one, n).low <= getattr(one, n).value <= getattr(one, n).high for n in FIGURES)
    assert one.precision.low < one.precision.high
    none = measure_coverage(made, real, resamples=0)
    assert none.recall.low == none.recall.value == none.recall.high


@pytest.mark.parametrize("nearest", [0, 5, 9])
def test_too_few_pictures_for_k_are_refused(nearest: int) -> None:
    with pytest.raises(InputRefused, match="smaller k"):
        measure_coverage(draw(5), draw(20), nearest=nearest)


def test_unusable_sets_and_intervals_are_refused() -> None:
    with pytest.raises(InputRefused, match="two pictures or more"):
        measure_coverage(draw(9), draw(9, width=3))
    with pytest.raises(UsageError, match="confidence"):
        measure_coverage(draw(9), draw(9), confidence=2.0)
