"""The frozen records of what came of it: verdicts of the gate, figures over time, counts of reviews."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from data_registry.records import require

HELPS, NOT_PROVEN, HARMS = "helps", "not proven", "harms"
VERDICTS = (HELPS, NOT_PROVEN, HARMS)
SUBJECTS = ("sample", "real defect", "real good")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRecord:
    """One answer of the gate on one synthetic version.

    Attributes:
        decision: "helps", "not proven" or "harms".
        metric: what was measured, such as "macro pixel AP".
        lift, lift_low, lift_high: paired difference with its interval, in the metric's unit.
        settings_sha256: hash of the gate's settings.
        report: everything else that the gate found, JSON-able.
        created_at: UTC.
    """

    id: int
    part_id: int
    dataset_version_id: int
    decision: str
    metric: str
    lift: float
    lift_low: float
    lift_high: float
    settings_sha256: str
    report: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiRecord:
    """One figure at one moment (UTC): `low` and `high` bound it where there is an interval."""

    id: int
    part_id: int
    name: str
    value: float
    low: float | None
    high: float | None
    unit: str
    details: dict[str, Any]
    created_at: datetime


class ReviewCount(NamedTuple):
    """How many subjects share these properties, each counted once by its last decision.

    `subject` is "sample", "real defect" or "real good"; `defect_type` is None for a good picture.
    """

    subject: str
    defect_type: str | None
    decision: str
    n: int


def require_finite(what: str, *values: float | None) -> None:
    """Refuse a figure that is no number; None passes.

    Raises:
        BadRecord: a value is infinite or NaN; `what` names it.
    """
    for value in values:
        require(value is None or math.isfinite(value), what, "a finite number", value)


def require_json(what: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that both databases can keep as JSON.

    Raises:
        BadRecord: it holds something that is not JSON, or a number that is not finite; `what` names it.
    """
    try:
        return dict(json.loads(json.dumps(dict(value), allow_nan=False)))
    except (TypeError, ValueError) as fault:
        require(False, what, "plain JSON with finite numbers", str(fault))
        raise
