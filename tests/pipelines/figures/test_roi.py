"""The formula set: by hand, in closed form, and on the worked example that fixed it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pipelines.figures.roi import (
    benefit,
    break_even,
    defects_needed,
    net,
    payback_month,
    ramp,
    waterfall,
    wording,
)
from pipelines.figures.roi_draws import (
    FALSE_REJECTS,
    RECALL,
    compute,
    draw,
    from_counts,
    from_replicates,
    middle,
)
from pipelines.figures.roi_inputs import DefectCounts, Estimate, Paired, RoiInputs

TRIAL = from_counts(
    recall=Paired(total=60, gained=9, lost=3, source="worked example"),
    false_rejects=Paired(total=2000, gained=10, lost=14, source="worked example"),
)
COUNTED = DefectCounts(defects=50, parts=5000, source="worked example")


def point(value: float) -> Estimate:
    return Estimate(mid=value, source="test")


def points(**changes: Any) -> RoiInputs:
    """Inputs without any spread."""
    spread = ("covered_share", "inspection_share", "cost_escape", "cost_caught", "cost_false_reject")
    mids = {name: point(getattr(RoiInputs(), name).mid) for name in spread}
    return RoiInputs(**{**mids, **changes})


def test_the_middle_is_the_formula_by_hand() -> None:
    f = middle(RoiInputs(), 0.1, -0.002)
    by_hand = 50_000 * (0.01 * 0.5 * 0.7 * 0.1 * (38 - 5) - 0.99 * -0.002 * 4.8)
    assert benefit(f) == pytest.approx(by_hand) == pytest.approx(1052.7)
    g = ramp(RoiInputs())
    assert g[:5] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert g.sum() == pytest.approx(22)
    assert net(f, g) == pytest.approx(22 * by_hand - 24 * 300 - 12_000)
    assert break_even(f, g) == pytest.approx(((7200 + 12_000) / 22 - 475.2) / 5775)


def test_collection_that_is_avoided_counts_once() -> None:
    inputs = replace(
        RoiInputs(),
        equivalent_defects=point(40),
        hours_per_mask=point(0.5),
        hourly_wage=point(30),
        collection_cost=point(10),
    )
    g = ramp(inputs)
    with_it, without = middle(inputs, 0.1), middle(RoiInputs(), 0.1)
    assert net(with_it, g) - net(without, g) == pytest.approx(40 * (0.5 * 30 + 10))
    assert break_even(with_it, g) == pytest.approx(break_even(without, g) - 1000 / 22 / 5775)


@pytest.mark.parametrize("false_reject_gain", [-0.002, 0.0, 0.001])
def test_at_break_even_the_net_is_nothing(false_reject_gain: float) -> None:
    g = ramp(RoiInputs())
    at = break_even(middle(RoiInputs(), 0.0, false_reject_gain), g)
    assert net(middle(RoiInputs(), float(at), false_reject_gain), g) == pytest.approx(0, abs=1e-8)


def test_more_false_rejects_cost_and_never_pay() -> None:
    """The sign that published formulas have the wrong way round."""
    assert benefit(middle(RoiInputs(), 0.1, 0.001)) < benefit(middle(RoiInputs(), 0.1, 0.0))
    f = middle(RoiInputs(), 0.1, 0.001)
    assert waterfall(f, ramp(RoiInputs()))["false rejects"] < 0


def test_a_caught_defect_that_costs_as_much_as_an_escape_saves_nothing() -> None:
    inputs = points(cost_caught=point(38))
    assert benefit(middle(inputs, 0.5)) == 0
    assert break_even(middle(inputs, 0.5), ramp(inputs)) == math.inf


def test_the_waterfall_adds_up() -> None:
    inputs = replace(RoiInputs(), equivalent_defects=point(40))
    f, g = middle(inputs, 0.1, -0.002), ramp(inputs)
    terms = waterfall(f, g)
    assert list(terms)[-1] == "net"
    total = terms.pop("net")
    assert sum(terms.values()) == pytest.approx(total) == pytest.approx(net(f, g) / 24)


@pytest.mark.parametrize(("gain", "month"), [(0.1, None), (0.3, 11), (1.0, 5)])
def test_payback_is_the_first_month_that_is_not_below_nothing(gain: float, month: int | None) -> None:
    """Month by month, added up here in a loop."""
    f, g = middle(RoiInputs(), gain), ramp(RoiInputs())
    assert payback_month(f, g) == month
    total, first = -12_000.0, None
    for t, share in enumerate(g, start=1):
        total += float(benefit(f)) * share - 300
        first = t if first is None and total >= 0 else first
    assert first == month


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 0, [1, 1, 1]), (1, 0, [0, 1, 1]), (0, 2, [0.5, 1, 1]), (2, 4, [0, 0, 0.25])],
)
def test_the_ramp(start: int, length: int, expected: list[float]) -> None:
    assert ramp(RoiInputs(months=3, ramp_start=start, ramp_months=length)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("gain", "discordant", "against", "expected"),
    [
        (0.1, 0.2, 0.0, 118),
        (0.05, 0.15, 0.0, 365),
        (0.1, 0.2, 0.05, 470),
        (0.1, 0.2, 0.1, None),
        (0.0, 0.1, 0.0, None),
    ],
)
def test_how_many_defects_settle_it(
    gain: float, discordant: float, against: float, expected: int | None
) -> None:
    assert defects_needed(gain, discordant, against) == expected


@pytest.mark.parametrize("gain", [0.1, 0.05])
def test_that_many_defects_do_give_the_power(gain: float) -> None:
    discordant = 0.2 if gain == 0.1 else 0.15
    n = defects_needed(gain, discordant)
    assert n is not None
    up, down = (discordant + gain) / 2, (discordant - gain) / 2
    drawn = np.random.default_rng(0).multinomial(n, [up, down, 1 - discordant], size=20_000)
    spread = np.sqrt(np.maximum(drawn[:, 0] + drawn[:, 1] - (drawn[:, 0] - drawn[:, 1]) ** 2 / n, 1e-9))
    power = ((drawn[:, 0] - drawn[:, 1]) / spread > 1.6449).mean()
    assert power == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    ("probability", "word"),
    [(0.95, "pays"), (0.9, "likely pays"), (0.949, "likely pays"), (0.899, "not proven")],
)
def test_the_word_follows_the_rule(probability: float, word: str) -> None:
    assert wording(probability) == word


def test_without_any_spread_every_draw_is_the_formula() -> None:
    certain = from_counts(
        recall=Paired(total=10, gained=0, lost=0, source="test"),
        false_rejects=Paired(total=10, gained=10, lost=0, source="test"),
    )
    roi = compute(points(), certain, draws=100)
    assert roi.benefit == pytest.approx((roi.benefit_mid,) * 3)
    assert roi.benefit_mid == pytest.approx(-50_000 * 0.99 * 4.8)
    assert roi.p_net == 0.0
    assert (roi.word, roi.payback, roi.tornado) == ("not proven", None, ())


def test_a_linear_case_has_the_mean_and_spread_of_its_triangle() -> None:
    """Only C_f varies and B is linear in it, so both moments are known."""
    certain = from_counts(
        recall=Paired(total=10, gained=0, lost=0, source="test"),
        false_rejects=Paired(total=10, gained=0, lost=10, source="test"),
    )
    low, mid, high = 2.0, 4.8, 12.0
    inputs = points(cost_false_reject=Estimate(low=low, mid=mid, high=high, source="test"))
    drawn = np.asarray(benefit(draw(inputs, certain, draws=200_000)))
    scale = 50_000 * 0.99
    variance = (low**2 + mid**2 + high**2 - low * mid - low * high - mid * high) / 18
    assert drawn.mean() == pytest.approx(scale * (low + mid + high) / 3, rel=0.005)
    assert drawn.std() == pytest.approx(scale * math.sqrt(variance), rel=0.01)
    exact = stats.triang((mid - low) / (high - low), loc=low, scale=high - low).ppf([0.05, 0.95])
    assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx(scale * exact, rel=0.01)


def test_the_draws_have_the_moments_of_what_was_counted() -> None:
    drawn = draw(RoiInputs(defect_counts=COUNTED), TRIAL, draws=100_000)
    beta = stats.beta(50.5, 4950.5)
    assert (np.mean(drawn.defect_rate), np.std(drawn.defect_rate)) == pytest.approx(
        (beta.mean(), beta.std()), rel=0.01
    )
    assert np.mean(drawn.recall_gain) == pytest.approx(0.1, abs=0.001)
    assert np.std(drawn.recall_gain) == pytest.approx(math.sqrt((0.2 - 0.01) / 60), rel=0.01)
    assert np.mean(drawn.false_reject_gain) == pytest.approx(-0.002, abs=5e-5)


def test_the_gates_own_replicates_are_drawn_in_pairs() -> None:
    """Recall and false rejects of one replicate belong together."""
    pairs = ((0.1, -0.01), (0.2, 0.03))
    trial = from_replicates(pairs, recall_gain=0.15, false_reject_gain=0.01, defects=60, source="gate")
    drawn = draw(RoiInputs(), trial, draws=1000)
    assert set(zip(drawn.recall_gain, drawn.false_reject_gain, strict=True)) == set(pairs)


@pytest.mark.parametrize("pairs", [[], [(0.1, float("nan"))]])
def test_replicates_that_are_none_are_refused(pairs: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="replicates"):
        from_replicates(pairs, recall_gain=0.1, false_reject_gain=0.0, defects=60, source="gate")


def test_replicates_ask_for_as_many_defects_as_the_counts_they_came_from() -> None:
    counts = np.random.default_rng(0).multinomial(60, [9 / 60, 3 / 60, 48 / 60], size=50_000)
    pairs = [(float(a - b) / 60, 0.0) for a, b, _ in counts]
    trial = from_replicates(pairs, recall_gain=0.1, false_reject_gain=0.0, defects=60, source="gate")
    asked = compute(RoiInputs(), trial).more_defects_recall
    assert asked == pytest.approx(58, abs=2)


def test_the_same_seed_gives_the_same_answer() -> None:
    first, again, other = (compute(RoiInputs(), TRIAL, draws=500, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.benefit != other.benefit


WORKED = [
    ("cosmetic", (8, 38, 60), (-190, 1109, 2841), 0.61, "not proven", 0.15),
    ("automotive", (150, 300, 600), (914, 6331, 15851), 0.95, "pays", 0.017),
]


@pytest.mark.parametrize(("_name", "escape", "expected", "p", "word", "even"), WORKED)
def test_the_worked_example(
    _name: str,
    escape: tuple[float, float, float],
    expected: tuple[float, float, float],
    p: float,
    word: str,
    even: float,
) -> None:
    """Within four standard errors of 20,000 draws in both."""
    low, mid, high = escape
    inputs = RoiInputs(
        defect_counts=COUNTED, cost_escape=Estimate(low=low, mid=mid, high=high, source="worked example")
    )
    roi = compute(inputs, TRIAL)
    assert (roi.draws, roi.word) == (20_000, word)
    spread = (roi.benefit[2] - roi.benefit[0]) / 3.29
    assert roi.benefit == pytest.approx(expected, abs=4 * 0.0215 * spread)
    assert roi.p_net == pytest.approx(p, abs=0.012)
    assert roi.break_even_same_rejects == pytest.approx(even, rel=0.03)
    assert roi.recall_gain == pytest.approx((0.10, 0.00, 0.22), abs=1.01 / 60)  # one defect more or less
    assert roi.more_defects_recall == 118 - 60


def test_the_usual_formula_gives_far_more() -> None:
    """Counting a caught defect as free and the whole part as covered: the fault that the text reports."""
    usual = 50_000 * (0.01 * 0.1 * 38 + 0.99 * 0.002 * 4.8)
    assert usual == pytest.approx(2375, rel=0.001)
    assert usual / float(benefit(middle(RoiInputs(), 0.1, -0.002))) == pytest.approx(2.3, abs=0.05)


def test_the_tornado_names_what_matters_most() -> None:
    roi = compute(RoiInputs(defect_counts=COUNTED), TRIAL)
    swings = [abs(one.at_high - one.at_low) for one in roi.tornado]
    assert swings == sorted(swings, reverse=True)
    names = [one.name for one in roi.tornado]
    assert {RECALL, FALSE_REJECTS, "cost_escape", "defect_rate"} <= set(names)
    assert "parts_per_month" not in names, "a figure without spread has no swing"
    [recall] = [one for one in roi.tornado if one.name == RECALL]
    assert recall.at_high > recall.at_low
    [rejects] = [one for one in roi.tornado if one.name == FALSE_REJECTS]
    assert rejects.at_high < rejects.at_low
    g = ramp(RoiInputs())
    expected = float(net(middle(RoiInputs(), recall.high_value, -0.002), g)) / 24
    assert recall.at_high == pytest.approx(expected)
