"""What every distance of the table must do, whatever its formula."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.errors import InputRefused, UsageError
from factory_gen.metrics.set_score import Measure, SetScore
from factory_gen.metrics.table import METRICS, measures_against
from tests.factory_gen.metrics.drawn_sets import draw

everywhere = pytest.mark.parametrize("name", METRICS)


def against(name: str, reference: np.ndarray, **settings: float) -> Measure:
    return METRICS[name].against(reference, **settings)


@everywhere
def test_a_larger_shift_is_a_larger_distance_and_its_interval_holds_the_value(name: str) -> None:
    measure = against(name, draw(80))
    scores = [measure(draw(80, shift=shift, seed=9)) for shift in (0.0, 0.5, 1.0, 2.0)]
    values = [score.value for score in scores]
    assert values == sorted(values) and values[3] > 4 * abs(values[0])
    assert all(score.low <= score.value <= score.high for score in scores)
    assert scores[1].low > scores[0].value and scores[2].low > scores[1].value


@everywhere
def test_the_same_pictures_are_nearer_than_others_of_their_kind(name: str) -> None:
    measure = against(name, draw(80), resamples=0)
    assert measure(draw(80)).value < measure(draw(80, seed=1)).value


@everywhere
def test_order_within_a_set_does_not_matter_and_the_distance_has_no_direction(name: str) -> None:
    first, second = draw(30), draw(50, shift=0.4, seed=1)
    value = against(name, second, resamples=0)(first).value
    assert against(name, second[::-1], resamples=0)(first[::-1]).value == pytest.approx(value, rel=1e-6)
    assert against(name, first, resamples=0)(second).value == pytest.approx(value, rel=1e-6)


@everywhere
def test_the_seed_decides_the_interval_and_not_the_value(name: str) -> None:
    first, second = draw(60), draw(50, shift=0.3, seed=2)
    four, again, five = (against(name, second, seed=seed)(first) for seed in (4, 4, 5))
    assert four == again and four != five and four.value == five.value


@everywhere
def test_more_pictures_give_a_narrower_interval(name: str) -> None:
    few, many = (against(name, draw(count))(draw(count, shift=1, seed=3)) for count in (30, 300))
    assert many.high - many.low < 0.6 * (few.high - few.low)
    assert (many.first_count, many.second_count) == (300, 300)


@everywhere
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (draw(1), draw(5)),
        (draw(5), draw(5, width=15)),
        (draw(5)[0], draw(5)),
        (np.full((3, 16), np.nan), draw(5)),
        (draw(5), draw(1)),
    ],
    ids=["one row", "other width", "one axis", "not finite", "one row in the reference"],
)
def test_unusable_sets_are_refused(name: str, first: np.ndarray, second: np.ndarray) -> None:
    with pytest.raises(InputRefused, match="two pictures or more"):
        against(name, second)(first)


@everywhere
@pytest.mark.parametrize("settings", [{"resamples": -1}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_a_senseless_interval_is_refused(name: str, settings: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="confidence"):
        against(name, draw(5), **settings)


def test_all_of_the_table_for_one_reference() -> None:
    measures = measures_against(draw(20), seed=3)
    assert measures.keys() == METRICS.keys()
    for name, measure in measures.items():
        score = measure(draw(20, seed=1))
        assert score == against(name, draw(20), seed=3)(draw(20, seed=1))
        assert score.scale == METRICS[name].scale


def test_a_name_says_its_features() -> None:
    assert METRICS["kid"].name("CLIP features") == "KID (CLIP features)"


@pytest.mark.parametrize(
    ("scale", "text"), [(1000.0, "12.3 [10.0, 15.0] x 10^-3"), (1.0, "0.012 [0.010, 0.015]")]
)
def test_a_score_prints_as_papers_do(scale: float, text: str) -> None:
    score = SetScore(value=0.0123, low=0.01, high=0.015, first_count=9, second_count=8, scale=scale)
    assert str(score) == text and score.x1000 == pytest.approx(12.3)
    assert score.printed == pytest.approx((0.0123 * scale, 0.01 * scale, 0.015 * scale))
