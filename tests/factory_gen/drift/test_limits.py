"""Limits against truth: false alarms of fresh years, shifts that are there, groups that differ by themselves."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from factory_gen.drift.judge import Figure, in_a_row, judge
from factory_gen.drift.kernel import mmd_of_sets
from factory_gen.drift.limits import WEEKS, Limits, draw_windows, rank_among, set_limits, two_in_a_row
from factory_gen.drift.readings import INDICATORS, Readings
from factory_gen.errors import InputRefused
from tests.factory_gen.drift.drawn_readings import draw

SIZE = 20


def a_year(limits: Limits, windows: list[Readings]) -> int:
    """Alarms that a year of windows raises, by the limits alone: the features' p-value could only make them fewer."""
    values = []
    for window in windows:
        row = [float(limits.ranks(name, values).mean()) - 0.5 for name, values in window.figures.items()]
        pooled = limits.kernel.pooled(window.features)
        new = np.arange(len(pooled))[None] >= len(limits.reference)
        values.append([*row, float(mmd_of_sets(pooled, new)[0])])
    return limits.count_alarms(np.array(values))


@pytest.mark.parametrize(
    ("catalogue", "per_group", "between"),
    [(60, 1, 0.0), (300, 1, 0.0), (240, 4, 1.0)],
    ids=["small catalogue", "large catalogue", "groups that differ"],
)
def test_fresh_years_without_drift_raise_at_most_one_alarm_each(
    catalogue: int, per_group: int, between: float
) -> None:
    """Every year has a catalogue of its own, so that the catalogue's own error counts too."""
    rng, alarms, years = np.random.default_rng(5), 0, 40
    for _ in range(years):
        reference = draw(rng, catalogue, per_group=per_group, between=between)
        limits = set_limits(reference, SIZE, draws=300)
        windows = [draw(rng, SIZE, per_group=per_group, between=between) for _ in range(WEEKS)]
        alarms += a_year(limits, windows)
    assert alarms / years <= 1.0


def test_the_stated_rate_is_below_one_a_year_and_not_nothing_but_deaf() -> None:
    limits = set_limits(draw(np.random.default_rng(1), 300), SIZE)
    assert limits.alarms_per_year <= 1.0
    exceeded = np.array([(np.abs(v) > limits.limits[name]).mean() for name, v in limits.drawn.items()])
    assert np.all((exceeded > 1 / 60) & (exceeded < 0.034))
    assert tuple(limits.limits) == tuple(limits.pair_limits) == INDICATORS
    assert all(limits.pair_limits[name] > 0.8 * limit for name, limit in limits.limits.items())


@pytest.mark.parametrize("indicator", INDICATORS)
def test_a_shift_of_one_spread_is_an_alarm_of_that_indicator(indicator: str) -> None:
    rng = np.random.default_rng(2)
    limits = set_limits(draw(rng, 300, per_group=3, between=0.3), SIZE, draws=500)
    first, second = (
        judge(limits, draw(rng, SIZE, per_group=3, between=0.3, shift={indicator: 1.0})) for _ in range(2)
    )
    assert in_a_row(first.figures, second.figures) == (indicator,)


def test_no_shift_is_no_alarm() -> None:
    rng = np.random.default_rng(3)
    limits = set_limits(draw(rng, 300, per_group=3, between=0.3), SIZE, draws=500)
    found = [judge(limits, draw(rng, SIZE, per_group=3, between=0.3)) for _ in range(6)]
    assert [in_a_row(a.figures, b.figures) for a, b in pairwise(found)] == [()] * 5


def test_the_pictures_that_stand_out_are_named() -> None:
    rng = np.random.default_rng(4)
    limits = set_limits(draw(rng, 300), SIZE, draws=500)
    window = draw(rng, SIZE, shift={"brightness": 1.5, "features": 1.0})
    window.figures["brightness"][[3, 11]] += [9.0, 5.0]
    window.features[7] += 4.0
    found = judge(limits, window)
    assert {"brightness", "features"} <= set(found.exceeded)
    assert found.unusual["brightness"][:2] == (window.names[3], window.names[11])
    assert set(found.unusual) == set(found.exceeded)
    assert found.figures["brightness"].p is None
    assert found.figures["features"].p is not None and found.figures["features"].p <= 0.01


def test_lots_that_differ_widen_the_limits() -> None:
    rng = np.random.default_rng(6)
    alike = set_limits(draw(rng, 300, per_group=10), SIZE, draws=500)
    unlike = set_limits(draw(rng, 300, per_group=10, between=2.0), SIZE, draws=500)
    for name in INDICATORS:
        assert unlike.limits[name] > 1.3 * alike.limits[name]


def test_the_models_figures_are_held_against_pictures_that_it_never_saw() -> None:
    reference = draw(np.random.default_rng(7), 300, seen=200)
    limits = set_limits(reference, SIZE, draws=100)
    assert limits.rows["autoencoder error"].tolist() == list(range(200, 300))
    assert len(limits.rows["brightness"]) == 300
    assert limits.notes == ()
    few = set_limits(draw(np.random.default_rng(7), 300, seen=290), SIZE, draws=100)
    assert len(few.rows["prior likelihood"]) == 300
    assert "10 held-out" in few.notes[0]


def test_a_catalogue_of_few_lots_is_said_to_know_little() -> None:
    rng = np.random.default_rng(8)
    two = set_limits(draw(rng, 60, per_group=30, between=20.0), SIZE, draws=100)
    assert "Only 2 groups" in two.notes[-1]
    assert set_limits(draw(rng, 60, per_group=5), SIZE, draws=100).notes == ()


@pytest.mark.parametrize(("count", "size"), [(300, 7), (59, 20), (0, 20)])
def test_a_window_that_does_not_fit_the_catalogue_is_refused(count: int, size: int) -> None:
    reference = draw(np.random.default_rng(0), max(count, 1)).part(slice(0, count))
    with pytest.raises(InputRefused, match=f"windows of {size}"):
        set_limits(reference, size)


def test_a_window_of_another_size_is_refused() -> None:
    rng = np.random.default_rng(0)
    limits = set_limits(draw(rng, 60), SIZE, draws=50)
    with pytest.raises(InputRefused, match="a window of 20 pictures"):
        judge(limits, draw(rng, 19))


def test_windows_are_of_whole_groups_and_of_the_right_size() -> None:
    groups = [f"g{place // 4}" for place in range(40)]
    chosen = draw_windows(groups, 10, 200, np.random.default_rng(0))
    assert np.all(chosen.sum(axis=1) == 10)
    whole = chosen.reshape(200, 10, 4).sum(axis=2)
    assert np.all((whole == 4).sum(axis=1) >= 2)
    assert chosen.any(axis=0).all()


def test_ranks_count_ties_half() -> None:
    ordered = np.array([1.0, 2.0, 2.0, 3.0])
    assert rank_among(ordered, np.array([0.0, 1.0, 2.0, 9.0])).tolist() == [0.0, 0.125, 0.5, 1.0]


@pytest.mark.parametrize(
    ("weeks", "alarms"),
    [
        ([[0, 0], [0, 0]], 0),
        ([[1, 0], [0, 1], [1, 0]], 0),  # never the same one twice
        ([[1, 0], [1, 0], [1, 0]], 1),  # goes on: still the same alarm
        ([[1, 0], [1, 0], [0, 0], [1, 0], [1, 0]], 2),
        ([[1, 1], [-1, 1]], 1),
        ([[1, 0]], 0),
        ([[2.4, 0], [0.4, 0], [0, 0]], 1),  # one alone over its limit, both together over theirs
        ([[2.4, 0], [-0.4, 0]], 0),
    ],
)
def test_alarms_are_counted_as_episodes(weeks: list[list[float]], alarms: int) -> None:
    limits = replace(
        set_limits(draw(np.random.default_rng(0), 60), SIZE, draws=60),
        limits={"brightness": 0.9, "sharpness": 0.9},
        pair_limits={"brightness": 1.3, "sharpness": 1.3},
    )
    assert limits.count_alarms(np.array(weeks, dtype=float)) == alarms


@pytest.mark.parametrize(
    ("first", "second", "alarm"),
    [
        (Figure(1.1, 1.0, 1.5, None, True), Figure(1.2, 1.0, 1.5, None, True), True),
        (Figure(1.1, 1.0, 1.5, None, True), Figure(0.9, 1.0, 1.5, None, False), False),
        (Figure(2.4, 1.0, 1.5, None, True), Figure(0.9, 1.0, 1.5, None, False), True),
        (Figure(-2.4, 1.0, 1.5, None, True), Figure(-0.9, 1.0, 1.5, None, False), True),
        (Figure(0.9, 1.0, 0.8, None, False), Figure(0.9, 1.0, 0.8, None, False), False),  # no picture to show
        (
            Figure(2.4, 1.0, 1.5, 0.002, True),
            Figure(0.9, 1.0, 1.5, 0.2, False),
            False,
        ),  # the test sees nothing
    ],
)
def test_two_windows_raise_an_alarm_each_or_together(first: Figure, second: Figure, alarm: bool) -> None:
    assert in_a_row({"brightness": first}, {"brightness": second}) == (("brightness",) if alarm else ())
    assert in_a_row({}, {"brightness": second}) == ()


def test_two_windows_together_see_what_each_alone_often_misses() -> None:
    rng, each, together = np.random.default_rng(9), 0, 0
    limits = set_limits(draw(rng, 300, per_group=3, between=0.3), SIZE)
    for _ in range(60):
        values = [
            float(
                limits.ranks(
                    "brightness",
                    draw(rng, SIZE, per_group=3, between=0.3, shift={"brightness": 0.8}).figures[
                        "brightness"
                    ],
                ).mean()
            )
            - 0.5
            for _ in range(2)
        ]
        first, second = map(np.array, values)
        limit, pair = limits.limits["brightness"], limits.pair_limits["brightness"]
        each += bool(two_in_a_row(first, second, limit, np.inf))
        together += bool(two_in_a_row(first, second, limit, pair))
    assert together >= each + 5
