"""Calls and time at equal quality, on curves whose answers are known."""

from __future__ import annotations

import math

import pytest

from factory_gen.bench.compare import (
    CurvePoint,
    best,
    calls_near_best,
    cheapest,
    equal_quality,
    mean_curve,
    spread,
)
from factory_gen.errors import UsageError


def _curve(values: dict[int, float], half: float = 0.0, ms: float = 1.0) -> list[CurvePoint]:
    """Milliseconds grow with calls from a fixed 2 ms (source and decoding)."""
    return [
        CurvePoint(calls=c, value=v, low=v - half, high=v + half, milliseconds=2.0 + ms * c)
        for c, v in values.items()
    ]


GAUSSIAN = _curve({1: 400, 2: 200, 4: 120, 8: 102, 16: 100, 32: 101}, half=3)


@pytest.mark.parametrize(
    "challenger, calls, ratio",
    [
        (_curve({1: 300, 2: 103, 4: 80}), 2, 4.0),
        (_curve({1: 103, 2: 90}), 1, 8.0),
        (_curve({1: 300, 2: 200, 4: 104, 8: 103}), 8, 1.0),
        (_curve({1: 300, 16: 102}), 16, 0.5),
    ],
)
def test_equal_quality_counts_calls_to_the_baselines_interval(
    challenger: list[CurvePoint], calls: int, ratio: float
) -> None:
    found = equal_quality(GAUSSIAN, challenger)
    assert found.threshold == 103
    assert found.baseline_calls == 8  # 102 lies inside the interval of the best, 100
    assert found.challenger_calls == calls
    assert found.calls_ratio == pytest.approx(ratio)
    assert found.time_ratio == pytest.approx((2.0 + 8) / (2.0 + calls))


def test_a_challenger_that_never_gets_there_scores_zero() -> None:
    found = equal_quality(GAUSSIAN, _curve({1: 300, 2: 250, 32: 110}))
    assert (found.challenger_calls, found.calls_ratio, found.time_ratio) == (None, 0.0, 0.0)


def test_dearer_calls_cost_time_but_no_calls() -> None:
    found = equal_quality(GAUSSIAN, _curve({2: 90}, ms=10.0))
    assert found.calls_ratio == 4.0
    assert found.time_ratio == pytest.approx(10.0 / 22.0)


@pytest.mark.parametrize("reference, calls", [(100.0, 8), (115.0, 4), (95.0, None), (95.24, 16), (1000.0, 1)])
def test_calls_near_a_reference(reference: float, calls: int | None) -> None:
    assert calls_near_best(GAUSSIAN, reference) == calls


def test_near_a_negative_best_the_share_is_taken_of_its_size() -> None:
    assert calls_near_best(_curve({1: -9.4, 2: -10.0}), -10.0) == 2
    assert calls_near_best(_curve({1: -9.6, 2: -10.0}), -10.0) == 1


def test_best_prefers_fewer_calls_among_equals() -> None:
    assert best(_curve({4: 10, 2: 10, 8: 11})).calls == 2
    assert cheapest(GAUSSIAN, 99.0) is None
    with pytest.raises(UsageError):
        best([])


def test_spread_is_the_sample_standard_deviation() -> None:
    found = spread([1.0, 2.0, 3.0])
    assert (found.mean, found.sd, found.low, found.high, found.count) == (2.0, 1.0, 1.0, 3.0, 3)
    assert spread([5.0]).sd == 0.0
    for bad in ([], [math.nan], [1.0, math.inf]):
        with pytest.raises(UsageError):
            spread(bad)


def test_mean_curve_keeps_calls_that_every_seed_has() -> None:
    found = mean_curve([_curve({1: 10, 2: 20}, half=1), _curve({2: 30, 4: 5}, half=1)])
    assert [point.calls for point in found] == [2]
    point = found[0]
    assert point.value == 25.0
    # Standard error of (20, 30) is 5; the seeds' own intervals are far narrower.
    assert (point.low, point.high) == pytest.approx((15.0, 35.0))
    alone = mean_curve([_curve({1: 10}, half=2)])[0]
    assert (alone.low, alone.high) == (8.0, 12.0)
