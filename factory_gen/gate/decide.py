"""With or without: paired differences between arms, an interval around them, and the verdict by a written rule.

Two things make a lift uncertain. *Which parts are held out*: groups are drawn again with replacement, the same draw
for every arm (paired). *Which random numbers trained the inspector*: what is left of the runs' figures after taking
out each arm's mean and each run's common part, pooled over all arms, as in a two-way table; with few seeds that is
a better guess than the spread of one difference alone. Its error is added to every draw, with the t distribution that
the number of runs calls for. Nothing here knows what an inspector is.

Shape legend: N runs (seeds x splits), A arms, R resamplings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.errors import InputRefused, UsageError

HELPS, NOT_PROVEN, HARMS = "helps", "not proven", "harms"
LEVEL = 0.95
SMALLEST_LIFT = 0.005  # a smaller one is not worth proving, so it is not asked for
_NORMAL = 1.96
FEWEST_RUNS = 2


@dataclass(frozen=True)
class Lift:
    """A difference of two arms.

    Attributes:
        lift: mean over the runs.
        low, high: 95 % interval.
        over_groups: standard error from the choice of held-out groups.
        over_runs: standard error from the training's random numbers.
        runs: how many pairs of runs.
    """

    lift: float
    low: float
    high: float
    over_groups: float
    over_runs: float
    runs: int


@dataclass(frozen=True)
class Decision:
    """The verdict.

    Attributes:
        verdict: "helps", "not proven" or "harms".
        against: the baseline with the higher mean, which the lift is measured against.
        lift: of the judged arm over it.
        needed_defects: about how many held-out real defects in all would settle it; None where it is settled, or
            where more of them would not help.
        reason: one sentence.
    """

    verdict: str
    against: str
    lift: Lift
    needed_defects: int | None
    reason: str


def draw_groups(count: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `count` groups counts in each of `draws` resamplings: (R,G) int, rows sum to `count`."""
    return rng.multinomial(count, np.full(count, 1.0 / count), size=draws)


def lift_of(
    values: Mapping[str, np.ndarray],
    drawn: Mapping[str, np.ndarray],
    arm: str,
    against: str,
    rng: np.random.Generator,
) -> Lift:
    """The lift of one arm over another.

    Args:
        values: arm to its figure in each run (N,), the runs of all arms in the same order.
        drawn: arm to its figure in each run and resampling of the groups (N,R).
        arm, against: which two.
        rng: of the random numbers' share.

    Returns:
        The lift; all nan where no resampling has the figure.

    Raises:
        UsageError: fewer than two runs, or arms with unequal numbers of them.
    """
    runs = len(values[arm])
    if runs < FEWEST_RUNS or any(len(found) != runs for found in values.values()):
        raise UsageError(
            expected="two or more runs of every arm",
            found=str({name: len(found) for name, found in values.items()}),
            action="Ask for more seeds.",
        )
    differences = _mean(drawn[arm] - drawn[against])
    if not np.isfinite(differences).any():
        nothing = float("nan")
        return Lift(nothing, nothing, nothing, nothing, nothing, runs)
    spread, freedom = pooled_spread(values)
    over_runs = spread * math.sqrt(2.0 / runs)
    noise = over_runs * rng.standard_t(freedom, size=differences.shape)
    edges = np.nanquantile(differences + noise, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    lift = float(np.nanmean(values[arm] - values[against]))
    return Lift(lift, float(edges[0]), float(edges[1]), float(np.nanstd(differences)), float(over_runs), runs)


def pooled_spread(values: Mapping[str, np.ndarray]) -> tuple[float, int]:
    """Standard deviation of a run's figure about its arm's mean and the run's common part, and degrees of freedom."""
    table = np.stack([values[name] for name in sorted(values)])
    arms, runs = table.shape
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    freedom = max(1, (arms - 1) * (runs - 1))
    return float(np.sqrt(np.square(rest).sum() / freedom)), freedom


def decide(
    values: Mapping[str, np.ndarray],
    drawn: Mapping[str, np.ndarray],
    *,
    arm: str,
    baselines: Sequence[str],
    defects: int,
    rng: np.random.Generator,
) -> Decision:
    """Judge an arm against the better of the baselines.

    *helps*: the lower bound of the lift over the better baseline is above 0, and so is the one over the other.
    *harms*: the upper bound over the better one is below 0. Else *not proven*.

    Args:
        values, drawn: as in `lift_of`.
        arm: the arm to judge.
        baselines: arms without our data.
        defects: held-out real defects that the figures come from.
        rng: of the random numbers' share.

    Raises:
        InputRefused: the figure is not defined on so few held-out pictures.
        UsageError: fewer than two runs of an arm.
    """
    best = max(baselines, key=lambda name: _level(values[name]))
    lift = lift_of(values, drawn, arm, best, rng)
    if not np.isfinite(lift.lift):
        raise InputRefused(
            expected="held-out pictures, good and defective, that the arms can be compared on",
            found="too few: the figure is not defined",
            action="Hold out more groups.",
        )
    others = [lift_of(values, drawn, arm, name, rng) for name in baselines if name != best]
    verdict = rule(lift, others)
    needed = needed_defects(lift, defects) if verdict == NOT_PROVEN else None
    return Decision(verdict, best, lift, needed, _reason(verdict, best, lift, needed, defects))


def rule(lift: Lift, others: Sequence[Lift] = ()) -> str:
    """The written rule; `others` are the lifts over the weaker baselines."""
    if lift.low > 0 and all(other.low > 0 for other in others):
        return HELPS
    return HARMS if lift.high < 0 else NOT_PROVEN


def needed_defects(lift: Lift, defects: int) -> int | None:
    """Held-out defects in all that would put 0 outside the interval if the lift stays as it is.

    None where the lift is too small to matter, or where the random numbers of the training alone keep the interval
    open, so that seeds are wanted and not defects.
    """
    room = (lift.lift / _NORMAL) ** 2 - lift.over_runs**2
    if abs(lift.lift) < SMALLEST_LIFT or room <= 0:
        return None
    return max(defects + 1, math.ceil(defects * lift.over_groups**2 / room))


def _reason(verdict: str, against: str, lift: Lift, needed: int | None, defects: int) -> str:
    figures = f"{lift.lift:+.3f} ({lift.low:+.3f} to {lift.high:+.3f}) over {against}"
    if verdict == HELPS:
        return f"The lift is {figures}: all of the interval lies above 0."
    if verdict == HARMS:
        return f"The lift is {figures}: all of the interval lies below 0."
    if needed is not None:
        return (
            f"The lift is {figures}: the interval holds 0. About {needed - defects} more held-out real defects "
            f"(now {defects}) would settle it."
        )
    if abs(lift.lift) < SMALLEST_LIFT:
        return f"The lift is {figures}: too small to matter, however many defects are held out."
    return f"The lift is {figures}: the trainings differ by more than that from seed to seed. Use more seeds."


def _level(values_N: np.ndarray) -> float:
    """Mean of an arm's runs that have the figure; below everything when none has it."""
    known = values_N[np.isfinite(values_N)]
    return float(known.mean()) if known.size else -math.inf


def _mean(values_NR: np.ndarray) -> np.ndarray:
    """Mean over the runs that have the figure."""
    known = np.isfinite(values_NR)
    total = np.where(known, values_NR, 0.0).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan))
