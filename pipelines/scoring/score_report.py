"""What `factory-gen score` reports: each score beside that of real defects, what fails, and the set's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.quality.limits import RealDefect, ScoreLimits, pass_rates
from factory_gen.quality.scores import RULES
from pipelines.scoring.part_quality import PartQuality
from pipelines.scoring.score_set import SetFigure, Variety

ALL = "all"
# Limits that are stricter than what most real defects pass, on purpose.
STRICTER = ("contrast", "nearest_real")
ALL_BUT_STRICT = f"all but {' and '.join(RULES[score].reason for score in STRICTER)}"


@dataclass(frozen=True)
class ScoreLine:
    """One score of one type.

    Attributes:
        defect_type, score: which.
        real, samples: medians of the generator split's real defects and of the samples; NaN where none is known.
        low, high: the limits; None is no bound.
        failing: share of the samples beyond them.
    """

    defect_type: str
    score: str
    real: float
    samples: float
    low: float | None
    high: float | None
    failing: float


@dataclass(frozen=True)
class PassLine:
    """How many pass one limit.

    Attributes:
        limit: reason that a sample which fails is sent back for; "all" is to pass every one, "all but ..."
            leaves out the two that are stricter than real defects on purpose.
        samples: share of the samples.
        held_out_real: share of real defects that nothing was learned from; NaN where there are none.
    """

    limit: str
    samples: float
    held_out_real: float


@dataclass(frozen=True)
class ScoreReport:
    """What was scored.

    Attributes:
        part: whose samples.
        samples: how many were scored and stored.
        passing: samples within all limits.
        near_copies: samples nearer to a real defect than real defects are to each other.
        near_copy_share: the same as a share.
        type_accuracy: share of real defects that the classifier of types gets right without having seen their group.
        real_seen, real_held_out: real defects that the limits were learned from, and that they were tried on.
        passes: share that passes each limit, samples and held-out real defects.
        scores: per type and score.
        set_level: distance to real defects and coverage of them.
        compared_with: which real defects those are.
        variety: per type, how different samples and real defects are among themselves.
        seconds: in all.
        run_id: MLflow's run; None when nothing is tracked.
    """

    part: str
    samples: int
    passing: int
    near_copies: int
    near_copy_share: float
    type_accuracy: float
    real_seen: int
    real_held_out: int
    passes: Sequence[PassLine]
    scores: Sequence[ScoreLine]
    set_level: Sequence[SetFigure]
    compared_with: str
    variety: Sequence[Variety]
    seconds: float
    run_id: str | None = None


def report_of(
    part: str,
    quality: PartQuality,
    scored: Sequence[RealDefect],
    *,
    figures: Sequence[SetFigure],
    variety: Sequence[Variety],
    compared_with: str,
    seconds: float,
) -> ScoreReport:
    """Put the report together from scored samples."""
    failures = [quality.limits.failures(one.defect_type, one.scores) for one in scored]
    copies = sum(RULES["nearest_real"].reason in reasons for reasons in failures)
    return ScoreReport(
        part=part,
        samples=len(scored),
        passing=sum(not reasons for reasons in failures),
        near_copies=copies,
        near_copy_share=copies / len(scored),
        type_accuracy=quality.accuracy,
        real_seen=len(quality.seen),
        real_held_out=len(quality.held_out),
        passes=_passes(quality, scored),
        scores=[
            _line(quality, scored, name, score)
            for name in sorted({one.defect_type for one in scored})
            for score in RULES
        ],
        set_level=figures,
        compared_with=compared_with,
        variety=variety,
        seconds=seconds,
    )


def _passes(quality: PartQuality, scored: Sequence[RealDefect]) -> list[PassLine]:
    ours, theirs = pass_rates(scored, quality.limits), pass_rates(quality.held_out, quality.limits)
    lines = [PassLine(name, ours[name], theirs.get(name, float("nan"))) for name in ours]
    milder = ScoreLimits(
        {
            name: {score: limit for score, limit in own.items() if score not in STRICTER}
            for name, own in quality.limits.by_type.items()
        }
    )
    rates = [pass_rates(defects, milder).get(ALL, float("nan")) for defects in (scored, quality.held_out)]
    return [*lines, PassLine(ALL_BUT_STRICT, *rates)]


def _line(quality: PartQuality, scored: Sequence[RealDefect], name: str, score: str) -> ScoreLine:
    limit = quality.limits.of(name, score)
    values = _values(scored, name, score)
    return ScoreLine(
        defect_type=name,
        score=score,
        real=_median(_values(quality.seen, name, score)),
        samples=_median(values),
        low=limit.low,
        high=limit.high,
        failing=float(np.mean([not limit.holds(value) for value in values])),
    )


def _values(defects: Sequence[RealDefect], name: str, score: str) -> np.ndarray:
    return np.array([getattr(one.scores, score) for one in defects if one.defect_type == name], np.float64)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
