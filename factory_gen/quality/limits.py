"""Limits for the scores of one part's samples, learned from its real defects.

For each type, the middle 90 % of its real defects span a range. How much wider the limits must be is tried out: each
group (a physical part, a batch) is left out in turn, and the range of the others is widened until 95 % of the
left-out defects lie within. This is conformal prediction over groups: real defects that were never seen pass with
about that probability, however few groups there are and whatever the distribution, as long as new parts differ from
the known ones as these do from each other. Type fit and mask fit of a real defect come from judges that have never
seen its group, so there the range of the real defects is the limit as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from factory_gen.metrics.contrast import spread
from factory_gen.quality.scores import RULES, SampleScores, Scale, ScoreRule

KEPT = 0.95
CORE = (0.05, 0.95)
FEWEST = 5
ONE_SPREAD = 1.0
_TINY = 1e-3
_SURE = 0.02  # shares nearer to 0 or 1 than this are all one


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Range in which a score passes; None is no bound on that side.

    Attributes:
        low: least value that passes.
        high: largest value that passes.
    """

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low must not be above high, found {self.low} and {self.high}")

    def holds(self, value: float) -> bool:
        """Whether a value passes; NaN does, since nothing is known."""
        return not (
            (self.low is not None and value < self.low) or (self.high is not None and value > self.high)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RealDefect:
    """Scores of one real defect, and where it comes from.

    Fields:
        defect_type, group: its type, and its physical part or batch.
        seen: of the generator split; held-out ones only show whether the limits are right.
        scores: measured as those of samples are.
    """

    defect_type: str
    group: str
    seen: bool
    scores: SampleScores


@dataclass(frozen=True, slots=True)
class ScoreLimits:
    """Limits by defect type and score.

    Fields:
        by_type: type to score name to limit; a type or score that is missing has none.
    """

    by_type: Mapping[str, Mapping[str, Limit]]

    def failures(self, defect_type: str, scores: SampleScores) -> tuple[str, ...]:
        """Reasons to send a sample back, in the order of `RULES`; empty for a good one."""
        limits = self.by_type.get(defect_type, {})
        return tuple(
            rule.reason
            for name, rule in RULES.items()
            if name in limits and not limits[name].holds(getattr(scores, name))
        )

    def of(self, defect_type: str, name: str) -> Limit:
        """One limit; without bounds where there is none."""
        return self.by_type.get(defect_type, {}).get(name, Limit())

    def with_limit(self, defect_type: str, name: str, limit: Limit) -> ScoreLimits:
        """The same limits but one."""
        own = {**self.by_type.get(defect_type, {}), name: limit}
        return replace(self, by_type={**self.by_type, defect_type: own})


def learn_limits(reals: Sequence[RealDefect], *, kept: float = KEPT) -> ScoreLimits:
    """Learn the limits of every type and score from the real defects that may be seen.

    Args:
        reals: real defects; those with `seen` False are left aside.
        kept: share of unseen real defects that shall pass each limit, in (0, 1).
    """
    seen = [real for real in reals if real.seen]
    types = sorted({real.defect_type for real in seen})
    found: dict[str, dict[str, Limit]] = {name: {} for name in types}
    for score, rule in RULES.items():
        if not rule.learned:
            continue
        by_type = {name: _values(seen, name, score, rule) for name in types}
        everything = np.concatenate([values for values, _ in by_type.values()]) if types else np.zeros(0)
        if not len(everything):
            continue
        # A costly score of a real defect comes from judges that have not seen its group: no margin is wanting.
        margin = 0.0 if rule.costly else _margin(by_type, kept)
        for name, (values, _) in by_type.items():
            # A handful of defects of one type spans no range yet: then all types together do.
            low, high, unit = _range(values if len(values) >= FEWEST else everything)
            found[name][score] = _limit(low - margin * unit, high + margin * unit, rule)
    return ScoreLimits(found)


def pass_rates(reals: Sequence[RealDefect], limits: ScoreLimits) -> dict[str, float]:
    """Share of these defects that pass each limit, by reason, and `all` of them; empty for no defects."""
    failed = [set(limits.failures(real.defect_type, real.scores)) for real in reals]
    if not failed:
        return {}
    rates = {
        rule.reason: float(np.mean([rule.reason not in one for one in failed])) for rule in RULES.values()
    }
    return {**rates, "all": float(np.mean([not one for one in failed]))}


def _values(
    reals: Sequence[RealDefect], defect_type: str, score: str, rule: ScoreRule
) -> tuple[np.ndarray, np.ndarray]:
    """Finite values (N,), on the rule's scale, and their groups (N,)."""
    pairs = [(getattr(r.scores, score), r.group) for r in reals if r.defect_type == defect_type]
    known = [(value, group) for value, group in pairs if np.isfinite(value)]
    values = np.array([value for value, _ in known], np.float64)
    return _stretched(values, rule.scale), np.array([group for _, group in known])


def _stretched(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Values on the scale where limits are learned."""
    if scale == "plain":
        return values
    bounded = np.clip(values, _SURE, 1.0 - _SURE) if scale == "odds" else np.maximum(values, _TINY)
    return np.asarray(np.log(bounded) - (np.log1p(-bounded) if scale == "odds" else 0.0))


def _back(value: float, scale: Scale) -> float:
    """One stretched value as the score itself."""
    if scale == "plain":
        return value
    return float(np.exp(value)) if scale == "log" else float(1.0 / (1.0 + np.exp(-value)))


def _range(values: np.ndarray) -> tuple[float, float, float]:
    low, high = np.quantile(values, CORE)
    return float(low), float(high), max(spread(values), _TINY)


def _margin(by_type: Mapping[str, tuple[np.ndarray, np.ndarray]], kept: float) -> float:
    """Spreads by which a range must be widened so that a left-out group's defects lie within."""
    beyond: list[np.ndarray] = []
    for values, groups in by_type.values():
        for group in np.unique(groups):
            others = values[groups != group]
            if len(others) >= FEWEST:
                low, high, unit = _range(others)
                own = values[groups == group]
                beyond.append(np.maximum(np.maximum(low - own, own - high), 0.0) / unit)
    return float(np.quantile(np.concatenate(beyond), kept)) if beyond else ONE_SPREAD


def _limit(low: float, high: float, rule: ScoreRule) -> Limit:
    return Limit(
        low=_back(low, rule.scale) if rule.side in ("low", "both") else None,
        high=_back(high, rule.scale) if rule.side in ("high", "both") else None,
    )
