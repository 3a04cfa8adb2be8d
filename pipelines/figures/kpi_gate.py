"""What the figures take from a verdict of the gate: sentence, tables, curves, and recall for the money page.

A verdict's report may have come from an older or newer gate, so whatever is missing or of another shape is left out
instead of failing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data_registry.outcome_records import VerdictRecord
from pipelines.figures.roi_draws import Measured, from_counts, from_replicates
from pipelines.figures.roi_inputs import Paired

METRICS = {"pixel_ap_macro": "macro pixel AP", "image_ap_macro": "macro image AP"}
_PAIRS = 2000  # drawn from the gate's intervals where it kept no replicates
_TO_95 = 1.959964
_SOURCE = "the gate, on held-out real pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A difference with its 95 % interval; `x` is where on a curve it stands, or the defect type's name."""

    x: float | str
    lift: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One precision-recall curve: lists of equal length; `low` and `high` are empty without a band."""

    name: str
    recall: tuple[float, ...]
    precision: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """A verdict as the page shows it; what the gate did not tell is empty or None."""

    version: int
    decision: str
    metric: str
    lift: float
    low: float
    high: float
    reason: str
    against: str
    needed_defects: int | None
    next_step: str = ""
    notes: tuple[str, ...] = ()
    per_type: tuple[Bounded, ...] = ()
    arms: tuple[Bounded, ...] = ()
    by_synthetic: tuple[Bounded, ...] = ()
    by_real: tuple[Bounded, ...] = ()
    curves: tuple[Curve, ...] = ()
    operating_point: Mapping[str, float] = field(default_factory=dict)


def view_of(verdict: VerdictRecord, version: int) -> GateView:
    """Gather what a verdict tells.

    Args:
        verdict: as stored.
        version: number of the synthetic version that it is about.
    """
    report = verdict.report
    point = _mapping(report.get("operating_point"))
    return GateView(
        version=version,
        decision=verdict.decision,
        metric=METRICS.get(verdict.metric, verdict.metric),
        lift=verdict.lift,
        low=verdict.lift_low,
        high=verdict.lift_high,
        reason=_text(report.get("reason")),
        against=_text(report.get("against")),
        needed_defects=_whole(report.get("needed_defects")),
        next_step=_text(report.get("next_step")),
        notes=tuple(one for one in _sequence(report.get("notes")) if isinstance(one, str)),
        per_type=_named(report.get("per_type")),
        arms=_named(report.get("lifts")),
        by_synthetic=_points(report.get("lift_by_synthetic")),
        by_real=_points(report.get("lift_by_real")),
        curves=_curves(_mapping(report.get("curves")).get("precision_recall")),
        operating_point={name: value for name, value in point.items() if _is_number(value)},
    )


def measured_by(verdict: VerdictRecord) -> Measured | None:
    """Return the difference in recall and false rejects that the gate found, None where it did not tell.

    Its paired replicates over groups are taken first, widened by what the random numbers of the trainings add; then its
    counts of changed answers; then the intervals of the two lifts, taken for normal and independent of each other.
    """
    report = verdict.report
    point = _mapping(report.get("operating_point"))
    defects = _whole(point.get("defects")) or _whole(report.get("defects")) or 0
    return _of_replicates(report, point, defects) or _of_counts(point) or _of_intervals(report, defects)


def _of_replicates(report: Mapping[str, Any], point: Mapping[str, Any], defects: int) -> Measured | None:
    pairs = [
        (float(pair[0]), float(pair[1]))
        for pair in _sequence(point.get("replicates"))
        if len(_sequence(pair)) == 2 and all(_is_number(one) for one in pair)
    ]
    gains = [
        point[f"{name}_after"] - point[f"{name}_before"]
        for name in ("recall", "false_reject")
        if all(_is_number(point.get(f"{name}_{when}")) for when in ("before", "after"))
    ]
    if not pairs or len(gains) != 2:
        return None
    return from_replicates(
        _widened(pairs, report),
        recall_gain=gains[0],
        false_reject_gain=gains[1],
        defects=defects,
        source=_SOURCE,
    )


def _widened(pairs: list[tuple[float, float]], report: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The pairs with the error that the trainings' random numbers leave, where the gate told it."""
    others = _mapping(report.get("others"))
    told = [_mapping(others.get(name)).get("over_runs") for name in ("recall", "false_reject")]
    errors = [float(one) if one is not None and _is_number(one) else 0.0 for one in told]
    if not any(errors):
        return pairs
    rng = np.random.default_rng(0)
    many = np.array(pairs)[rng.integers(len(pairs), size=_PAIRS)]
    noisy = many + rng.standard_normal(many.shape) * errors
    return [(float(recall), float(rejects)) for recall, rejects in noisy]


def _of_counts(point: Mapping[str, Any]) -> Measured | None:
    names = (("defects", "found_new", "lost"), ("good", "newly_rejected", "newly_accepted"))
    found = [[_whole(point.get(name)) for name in row] for row in names]
    pairs = []
    for total, gained, lost in found:
        if total is None or gained is None or lost is None or not 0 <= gained + lost <= total or total == 0:
            return None
        pairs.append(Paired(total=total, gained=gained, lost=lost, source=_SOURCE))
    return from_counts(*pairs)


def _of_intervals(report: Mapping[str, Any], defects: int) -> Measured | None:
    others = _mapping(report.get("others"))
    recall, rejects = (_bounded(name, others.get(name)) for name in ("recall", "false_reject"))
    if recall is None or rejects is None:
        return None
    rng = np.random.default_rng(0)
    drawn = [
        one.lift + (one.high - one.low) / (2 * _TO_95) * rng.standard_normal(_PAIRS)
        for one in (recall, rejects)
    ]
    return from_replicates(
        list(zip(*(values.tolist() for values in drawn), strict=True)),
        recall_gain=recall.lift,
        false_reject_gain=rejects.lift,
        defects=defects,
        source=f"{_SOURCE}, from its intervals",
    )


def _named(found: Any) -> tuple[Bounded, ...]:
    rows = (_bounded(name, value) for name, value in sorted(_mapping(found).items()))
    return tuple(row for row in rows if row is not None)


def _points(found: Any) -> tuple[Bounded, ...]:
    rows = (_bounded(_mapping(one).get("x"), one) for one in _sequence(found))
    return tuple(sorted((row for row in rows if row and _is_number(row.x)), key=lambda row: float(row.x)))


def _bounded(x: Any, value: Any) -> Bounded | None:
    given = _mapping(value)
    figures = [given.get(name) for name in ("lift", "low", "high")]
    if not all(_is_number(one) for one in figures) or not (isinstance(x, str) or _is_number(x)):
        return None
    lift, low, high = (float(one) for one in figures if one is not None)
    return Bounded(x=x, lift=lift, low=low, high=high)


def _curves(found: Any) -> tuple[Curve, ...]:
    curves = []
    for name, value in _mapping(found).items():
        lists = {key: _numbers(_mapping(value).get(key)) for key in ("recall", "precision", "low", "high")}
        length = len(lists["recall"])
        if length < 2 or len(lists["precision"]) != length:
            continue
        banded = len(lists["low"]) == len(lists["high"]) == length
        curves.append(
            Curve(
                name=name,
                recall=lists["recall"],
                precision=lists["precision"],
                low=lists["low"] if banded else (),
                high=lists["high"] if banded else (),
            )
        )
    return tuple(curves)


def _numbers(value: Any) -> tuple[float, ...]:
    given = _sequence(value)
    return tuple(float(one) for one in given) if all(_is_number(one) for one in given) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) and value >= 0 else None
