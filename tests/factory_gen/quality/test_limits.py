"""Limits from drawn distributions whose quantiles are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from factory_gen.quality.limits import Limit, RealDefect, ScoreLimits, learn_limits, pass_rates
from factory_gen.quality.scores import RULES, SampleScores


def drawn(
    count: int, *, groups: int = 8, seed: int = 0, between: float = 0.0, seen: bool = True
) -> list[RealDefect]:
    """Defects whose seam is N(1, 0.3) and whose grain is lognormal, with a step between the groups."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, between, groups) if between else np.zeros(groups)
    return [
        RealDefect(
            defect_type="crack",
            group=f"g{i % groups}",
            seen=seen,
            scores=SampleScores(
                seam=1.0 + steps[i % groups] + rng.normal(0, 0.3),
                grain=float(np.exp(rng.normal(0, 0.2))),
                contrast=2.0,
            ),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("between", [0.0, 0.5], ids=["groups alike", "groups apart"])
def test_unseen_groups_pass_about_as_often_as_asked_for(between: float) -> None:
    """Truth: fresh draws from the same process, forty groups; the average over trials must be near 95 %."""
    rates = []
    for seed in range(25):
        every = drawn(440, groups=44, seed=seed, between=between)
        known = [real for real in every if int(real.group[1:]) < 12]
        limits = learn_limits(known)
        fresh = [real for real in every if int(real.group[1:]) >= 12]
        rates.append(pass_rates(fresh, limits)["seam"])
    assert np.mean(rates) == pytest.approx(0.95, abs=0.04)


def test_groups_that_differ_widen_the_limits() -> None:
    narrow = learn_limits(drawn(80)).of("crack", "seam").high
    wide = learn_limits(drawn(80, between=0.8)).of("crack", "seam").high
    assert narrow is not None
    assert wide is not None
    assert wide > narrow + 0.5


def test_sides_follow_the_rules() -> None:
    limits = learn_limits(drawn(60))
    seam, grain = limits.of("crack", "seam"), limits.of("crack", "grain")
    assert seam.low is None
    assert seam.high == pytest.approx(1.6, abs=0.25)
    assert grain.low == pytest.approx(1 / (grain.high or 0), rel=0.3)
    assert limits.of("crack", "mask_fit") == Limit()  # nothing was measured


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, ()),
        ({"seam": 3.0}, ("seam",)),
        ({"grain": 0.2}, ("grain",)),
        ({"grain": 5.0}, ("grain",)),
        ({"contrast": 0.5}, ("faint",)),
        ({"contrast": 9.0}, ()),
        ({"seam": 4.0, "grain": 5.0}, ("grain", "seam")),
        ({"seam": float("nan")}, ()),
        ({"mask_fit": 0.0}, ()),
    ],
)
def test_each_fault_has_its_reason(change: dict[str, float], reasons: tuple[str, ...]) -> None:
    good = SampleScores(seam=1.0, grain=1.0, contrast=2.0)
    assert learn_limits(drawn(60)).failures("crack", replace(good, **change)) == reasons
    assert learn_limits(drawn(60)).failures("dent", replace(good, **change)) == ()


def test_held_out_defects_teach_nothing() -> None:
    known = drawn(40)
    strange = [replace(real, scores=SampleScores(seam=50.0)) for real in drawn(40, seen=False)]
    assert learn_limits([*known, *strange]) == learn_limits(known)


def test_a_handful_of_defects_borrows_the_range_of_the_others() -> None:
    few = [replace(real, defect_type="dent") for real in drawn(3, seed=9)]
    limits = learn_limits([*drawn(60), *few])
    assert limits.of("dent", "seam").high == pytest.approx(limits.of("crack", "seam").high, abs=0.2)


def test_no_limit_is_learned_for_a_score_that_is_only_shown() -> None:
    limits = learn_limits([replace(real, scores=replace(real.scores, fill=0.9)) for real in drawn(60)])
    assert "contrast" in limits.by_type["crack"] and "fill" not in limits.by_type["crack"]
    told = limits.with_limit("crack", "fill", Limit(low=0.5))
    assert told.failures("crack", SampleScores(fill=0.4)) == ("fill",)


def test_nothing_known_gives_no_limits() -> None:
    assert learn_limits([]) == ScoreLimits({})
    assert pass_rates([], ScoreLimits({})) == {}


def test_pass_rates_count_each_reason_and_all_of_them() -> None:
    limits = ScoreLimits({"crack": {"seam": Limit(high=1.0), "grain": Limit(low=0.5)}})
    reals = [
        RealDefect(defect_type="crack", group="a", seen=True, scores=SampleScores(seam=seam, grain=grain))
        for seam, grain in ((0.0, 1.0), (2.0, 1.0), (2.0, 0.1), (0.5, 0.7))
    ]
    rates = pass_rates(reals, limits)
    assert (rates["seam"], rates["grain"], rates["faint"], rates["all"]) == (0.5, 0.75, 1.0, 0.5)


def test_a_limit_that_nothing_can_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="low"):
        Limit(low=2.0, high=1.0)


def test_one_limit_can_be_replaced() -> None:
    limits = learn_limits(drawn(60))
    stricter = limits.with_limit("crack", "seam", Limit(high=0.0))
    assert stricter.of("crack", "seam") == Limit(high=0.0)
    assert stricter.of("crack", "grain") == limits.of("crack", "grain")


def test_every_rule_speaks_of_a_score_that_exists() -> None:
    assert set(RULES) <= set(SampleScores.__dataclass_fields__)
    assert len({rule.reason for rule in RULES.values()}) == len(RULES)


def test_only_known_scores_are_handed_on() -> None:
    assert SampleScores(contrast=2.0, visibility=float("inf")).known() == {"contrast": 2.0}
