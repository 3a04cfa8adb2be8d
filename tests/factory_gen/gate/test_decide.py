"""The verdict on constructed figures, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.errors import InputRefused, UsageError
from factory_gen.gate.decide import (
    HARMS,
    HELPS,
    NOT_PROVEN,
    Lift,
    decide,
    draw_groups,
    lift_of,
    needed_defects,
    pooled_spread,
    rule,
)

RUNS, DRAWS = 6, 800


def constructed(
    lifts: dict[str, float], *, over_runs: float, over_groups: float, seed: int = 0
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Figures of arms whose true lifts, and whose errors over runs and groups, are given."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0.5, 0.05, RUNS)
    values = {name: common + lift + rng.normal(0, over_runs, RUNS) for name, lift in lifts.items()}
    drawn = {name: found[:, None] + rng.normal(0, over_groups, (1, DRAWS)) for name, found in values.items()}
    return values, drawn


@pytest.mark.parametrize(
    ("lift", "verdict"), [(0.1, HELPS), (-0.1, HARMS), (0.0, NOT_PROVEN), (0.02, NOT_PROVEN)]
)
def test_the_verdict_follows_the_true_lift(lift: float, verdict: str) -> None:
    values, drawn = constructed(
        {"real": -0.05, "oversampled": 0.0, "synthetic": lift}, over_runs=0.01, over_groups=0.02
    )
    found = decide(
        values,
        drawn,
        arm="synthetic",
        baselines=("real", "oversampled"),
        defects=100,
        rng=np.random.default_rng(1),
    )
    assert (found.verdict, found.against) == (verdict, "oversampled")
    assert found.lift.low < found.lift.lift < found.lift.high
    assert (found.needed_defects is None) or verdict == NOT_PROVEN


@pytest.mark.parametrize(
    ("low", "high", "other_low", "verdict"),
    [
        (0.001, 0.2, 0.01, HELPS),
        (0.0, 0.2, 0.01, NOT_PROVEN),
        (0.001, 0.2, -0.01, NOT_PROVEN),
        (-0.2, -0.001, -0.1, HARMS),
        (-0.2, 0.0, -0.1, NOT_PROVEN),
    ],
)
def test_the_written_rule_at_its_edges(low: float, high: float, other_low: float, verdict: str) -> None:
    def lift(low: float, high: float) -> Lift:
        return Lift(0.5 * (low + high), low, high, 0.01, 0.01, 3)

    assert rule(lift(low, high), [lift(other_low, high)]) == verdict


def test_the_interval_covers_the_true_lift_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        group_error = rng.normal(0, 0.02)
        values = {name: rng.normal(0.5, 0.03, 3) for name in ("a", "b", "c", "d")}
        values["a"] = values["a"] + 0.04 + group_error
        drawn = {name: np.repeat(found[:, None], DRAWS, axis=1) for name, found in values.items()}
        drawn["a"] = drawn["a"] + rng.normal(0, 0.02, (1, DRAWS))
        lift = lift_of(values, drawn, "a", "b", rng)
        covered += lift.low < 0.04 < lift.high
    assert 180 <= covered <= 199


def test_the_spread_of_a_two_way_table() -> None:
    common = np.array([0.1, 0.2, 0.4])
    values = {"a": common, "b": common + 0.3}
    assert pooled_spread(values) == (pytest.approx(0.0, abs=1e-12), 2)
    # One run of one of two arms off by 0.3: the four residuals of a 2 x 3 table and their sum of squares are known.
    values = {"a": np.zeros(3), "b": np.array([0.3, 0.0, 0.0])}
    assert pooled_spread(values)[0] == pytest.approx(np.sqrt(0.3**2 * (1 / 2) * (2 / 3) / 2))


def test_how_many_more_defects_would_settle_it() -> None:
    lift = Lift(0.02, -0.01, 0.05, over_groups=0.02, over_runs=0.0, runs=9)
    # The error over groups falls with the root of their number: (1.96 * 0.02 / 0.02)^2 = 3.84 times as many.
    assert needed_defects(lift, 100) == 385
    assert needed_defects(Lift(0.02, -1, 1, 0.02, over_runs=0.03, runs=3), 100) is None
    assert needed_defects(Lift(0.001, -1, 1, 0.02, 0.0, 3), 100) is None


def test_not_proven_says_what_would_settle_it() -> None:
    values, drawn = constructed({"real": 0.0, "synthetic": 0.03}, over_runs=0.002, over_groups=0.02)
    found = decide(
        values, drawn, arm="synthetic", baselines=("real",), defects=50, rng=np.random.default_rng(0)
    )
    assert found.verdict == NOT_PROVEN
    assert found.needed_defects is not None and found.needed_defects > 50
    assert f"About {found.needed_defects - 50} more held-out real defects" in found.reason


def test_resampled_groups_keep_their_number() -> None:
    weights = draw_groups(7, 50, np.random.default_rng(0))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


@pytest.mark.parametrize(
    "values", [{"a": np.zeros(1), "b": np.zeros(1)}, {"a": np.zeros(3), "b": np.zeros(2)}]
)
def test_too_few_or_unequal_runs_are_refused(values: dict[str, np.ndarray]) -> None:
    drawn = {name: np.zeros((len(found), 4)) for name, found in values.items()}
    with pytest.raises(UsageError, match="two or more runs"):
        lift_of(values, drawn, "a", "b", np.random.default_rng(0))


def test_a_figure_that_nothing_defines_is_refused_or_not_a_number() -> None:
    values = {name: np.full(3, np.nan) for name in ("real", "synthetic")}
    drawn = {name: np.full((3, 5), np.nan) for name in values}
    assert np.isnan(lift_of(values, drawn, "synthetic", "real", np.random.default_rng(0)).low)
    with pytest.raises(InputRefused, match="Hold out more groups"):
        decide(values, drawn, arm="synthetic", baselines=("real",), defects=3, rng=np.random.default_rng(0))
