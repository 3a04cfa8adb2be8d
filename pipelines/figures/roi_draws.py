"""Uncertainty of the money page: seeded draws of all inputs at once, and one input at a time.

Stated figures are triangles, the defect rate a Beta distribution where it was counted (Jeffreys' prior), and the
differences in recall and false rejects are resampled: the pictures of the paired trial are drawn again with
replacement, or, where the gate gives its own paired bootstrap over groups and seeds, its replicates are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from pipelines.figures.roi import (
    Figures,
    benefit,
    break_even,
    defects_needed,
    net,
    payback_month,
    ramp,
    waterfall,
    wording,
)
from pipelines.figures.roi_inputs import DefectCounts, Estimate, Paired, RoiInputs, estimates

DRAWS = 20_000
LOW, HIGH = 0.05, 0.95
RECALL, FALSE_REJECTS = "recall_gain", "false_reject_gain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a trial found on held-out real pictures at the plant's one threshold rule.

    Attributes:
        recall_gain, false_reject_gain: R1 - R0 and F1 - F0, shares.
        defects: real defects judged; 0 where the trial did not say, so that no further number can be named.
        discordant: share of them whose answer changed; from replicates, the share that would explain their spread.
        source: which trial.
        counts: (real defects, good pictures) before and after; resampled as independent pictures.
        replicates: (R1 - R0, F1 - F0) from a paired bootstrap over groups and seeds; goes before the counts.
    """

    recall_gain: float
    false_reject_gain: float
    defects: int
    discordant: float
    source: str
    counts: tuple[Paired, Paired] | None = None
    replicates: tuple[tuple[float, float], ...] | None = None


def from_counts(recall: Paired, false_rejects: Paired) -> Measured:
    """What two paired counts say."""
    return Measured(
        recall_gain=recall.difference,
        false_reject_gain=false_rejects.difference,
        defects=recall.total,
        discordant=recall.discordant,
        source=recall.source,
        counts=(recall, false_rejects),
    )


def from_replicates(
    replicates: Sequence[tuple[float, float]],
    *,
    recall_gain: float,
    false_reject_gain: float,
    defects: int,
    source: str,
) -> Measured:
    """What a paired bootstrap of (R1 - R0, F1 - F0) says.

    Raises:
        ValueError: no replicates, or one that is not finite.
    """
    pairs = np.asarray(replicates, dtype=float).reshape(-1, 2)
    if not len(pairs) or not np.isfinite(pairs).all():
        raise ValueError("replicates that are missing or not finite")
    return Measured(
        recall_gain=recall_gain,
        false_reject_gain=false_reject_gain,
        defects=defects,
        discordant=float(pairs[:, 0].var()) * defects + recall_gain**2,
        source=source,
        replicates=tuple((float(r), float(f)) for r, f in pairs),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """What one input does alone: net per month with it at its 5 % and 95 % point, the others in the middle."""

    name: str
    low_value: float
    high_value: float
    at_low: float
    at_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Roi:
    """The answer of the money page. Money per month unless said otherwise.

    Attributes:
        currency: label.
        benefit_mid: B with every input in the middle.
        benefit: 5, 50 and 95 % of B over the draws.
        p_net: share of the draws with a net above 0 over the horizon.
        net: 5, 50 and 95 % of the net over the whole horizon.
        word: "pays", "likely pays" or "not proven".
        recall_gain: measured R1 - R0 with 95 % of its draws, `false_reject_gain` likewise.
        break_even: recall gain at which the net is 0, the rest in the middle, and with F1 = F0.
        payback: first month with a net of at least 0, the inputs in the middle; None within the horizon.
        more_defects_recall: further real defects that would prove a recall gain of this size at all.
        more_defects_net: further real defects that would prove that it is above break-even; None where it is not
            above it, so that no number would do. The spread of the costs is not in it.
        waterfall: terms that add up, in order.
        tornado: largest swing first.
        draws, seed, months: how it was computed.
    """

    currency: str
    benefit_mid: float
    benefit: tuple[float, float, float]
    p_net: float
    net: tuple[float, float, float]
    word: str
    recall_gain: tuple[float, float, float]
    false_reject_gain: tuple[float, float, float]
    break_even: float
    break_even_same_rejects: float
    payback: int | None
    more_defects_recall: int | None
    more_defects_net: int | None
    waterfall: dict[str, float]
    tornado: tuple[Swing, ...]
    draws: int
    seed: int
    months: int


def middle(inputs: RoiInputs, recall_gain: float = 0.0, false_reject_gain: float = 0.0) -> Figures:
    """Every input at its middle value, with the differences given."""
    values: dict[str, Any] = {name: getattr(inputs, name).mid for name in estimates()}
    if (counts := inputs.defect_counts) is not None:
        values["defect_rate"] = counts.defects / counts.parts
    return Figures(**values, recall_gain=recall_gain, false_reject_gain=false_reject_gain)


def draw(inputs: RoiInputs, measured: Measured, *, draws: int = DRAWS, seed: int = 0) -> Figures:
    """Draw all inputs at once; arrays (draws,). The same seed gives the same draws."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {name: _triangle(getattr(inputs, name), draws, rng) for name in estimates()}
    if inputs.defect_counts is not None:
        values["defect_rate"] = _beta(inputs.defect_counts).rvs(draws, random_state=rng)
    gains = _differences(measured, draws, rng)
    return Figures(**values, recall_gain=gains[:, 0], false_reject_gain=gains[:, 1])


def compute(inputs: RoiInputs, measured: Measured, *, draws: int = DRAWS, seed: int = 0) -> Roi:
    """Answer the money page.

    Args:
        inputs: the plant's figures.
        measured: what the trial found.
        draws: how often all inputs are drawn, 1 or more.
        seed: of the draws.
    """
    g = ramp(inputs)
    drawn = draw(inputs, measured, draws=draws, seed=seed)
    recall, rejects, changed = measured.recall_gain, measured.false_reject_gain, measured.discordant
    mid = middle(inputs, recall, rejects)
    nets = np.broadcast_to(net(drawn, g), draws)
    even = float(break_even(mid, g))
    return Roi(
        currency=inputs.currency,
        benefit_mid=float(benefit(mid)),
        benefit=_three(benefit(drawn), LOW, HIGH),
        p_net=float((nets > 0).mean()),
        net=_three(nets, LOW, HIGH),
        word=wording(float((nets > 0).mean())),
        recall_gain=(recall, *_three(drawn.recall_gain, 0.025, 0.975)[::2]),
        false_reject_gain=(rejects, *_three(drawn.false_reject_gain, 0.025, 0.975)[::2]),
        break_even=even,
        break_even_same_rejects=float(break_even(middle(inputs, recall, 0.0), g)),
        payback=payback_month(mid, g),
        more_defects_recall=_more(defects_needed(recall, changed), measured.defects),
        more_defects_net=_more(defects_needed(recall, changed, even), measured.defects),
        waterfall=waterfall(mid, g),
        tornado=tornado(inputs, measured, drawn),
        draws=draws,
        seed=seed,
        months=inputs.months,
    )


def tornado(inputs: RoiInputs, measured: Measured, drawn: Figures) -> tuple[Swing, ...]:
    """Each uncertain input alone from its 5 % to its 95 % point; the largest swing in net per month first."""
    g = ramp(inputs)
    mid = asdict(middle(inputs, measured.recall_gain, measured.false_reject_gain))
    swings = []
    for name in (*estimates(), RECALL, FALSE_REJECTS):
        ends = [float(value) for value in np.quantile(getattr(drawn, name), [LOW, HIGH])]
        if ends[0] == ends[1]:
            continue
        low, high = (float(net(Figures(**{**mid, name: end}), g)) / len(g) for end in ends)
        swings.append(Swing(name=name, low_value=ends[0], high_value=ends[1], at_low=low, at_high=high))
    return tuple(sorted(swings, key=lambda one: -abs(one.at_high - one.at_low)))


def _triangle(one: Estimate, draws: int, rng: np.random.Generator) -> np.ndarray:
    width = one.highest - one.lowest
    if width == 0:
        return np.full(draws, one.mid)
    peak = (one.mid - one.lowest) / width
    return np.asarray(stats.triang(peak, loc=one.lowest, scale=width).rvs(draws, random_state=rng))


def _beta(counts: DefectCounts) -> Any:
    return stats.beta(counts.defects + 0.5, counts.parts - counts.defects + 0.5)


def _differences(measured: Measured, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of (R1 - R0, F1 - F0) as (draws, 2)."""
    if measured.replicates is not None:
        known = np.asarray(measured.replicates, dtype=float)
        return known[rng.integers(len(known), size=draws)]
    if measured.counts is not None:
        return np.stack([_resampled(one, draws, rng) for one in measured.counts], axis=1)
    return np.tile([measured.recall_gain, measured.false_reject_gain], (draws, 1))


def _resampled(one: Paired, draws: int, rng: np.random.Generator) -> np.ndarray:
    shares = np.array([one.gained, one.lost, one.total - one.gained - one.lost]) / one.total
    counts = rng.multinomial(one.total, shares, size=draws)
    return (counts[:, 0] - counts[:, 1]) / one.total


def _three(values: Any, low: float, high: float) -> tuple[float, float, float]:
    least, half, most = (float(value) for value in np.quantile(values, [low, 0.5, high]))
    return least, half, most


def _more(needed: int | None, present: int) -> int | None:
    return None if needed is None or not present else max(needed - present, 0)
