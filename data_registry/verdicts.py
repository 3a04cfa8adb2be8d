"""What the gate said about the synthetic versions: added, never changed, the last one counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from data_registry.outcome_records import VERDICTS, VerdictRecord, require_finite, require_json
from data_registry.outcome_schema import Verdict
from data_registry.parts import hold_part
from data_registry.records import require, require_sha256


class Verdicts:
    """Reads and writes the rows of `verdicts` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        part_id: int,
        *,
        dataset_version_id: int,
        decision: str,
        metric: str,
        lift: float,
        lift_low: float,
        lift_high: float,
        settings_sha256: str,
        report: Mapping[str, Any],
    ) -> VerdictRecord:
        """Store a verdict; it becomes the version's latest.

        Args:
            part_id: the part.
            dataset_version_id: the synthetic version that was judged.
            decision: "helps", "not proven" or "harms".
            metric: what was measured.
            lift, lift_low, lift_high: paired difference and its interval, low <= lift <= high.
            settings_sha256: hash of the gate's settings.
            report: everything else, JSON-able, finite numbers only.

        Raises:
            NotFound: no such part, or the version is not one of its versions.
            BadRecord: a value is outside its set.
        """
        require(decision in VERDICTS, "a verdict", f"one of {VERDICTS}", decision)
        require(bool(metric.strip()), "a verdict's metric", "a name", metric)
        require_finite("a verdict's lift", lift, lift_low, lift_high)
        bounds = (lift_low, lift, lift_high)
        require(lift_low <= lift <= lift_high, "a lift and its bounds", "low <= lift <= high", bounds)
        require_sha256("the gate's settings", settings_sha256)
        kept = require_json("a verdict's report", report)
        hold_part(self._session, part_id)
        row = Verdict(
            part_id=part_id,
            dataset_version_id=dataset_version_id,
            decision=decision,
            metric=metric,
            lift=lift,
            lift_low=lift_low,
            lift_high=lift_high,
            settings_sha256=settings_sha256,
            report=kept,
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def latest(self, part_id: int, dataset_version_id: int | None = None) -> VerdictRecord | None:
        """Return the last verdict of a part, or of one of its versions; None before the first."""
        newest = _of(part_id, dataset_version_id).order_by(Verdict.id.desc()).limit(1)
        row = self._session.scalars(newest).one_or_none()
        return None if row is None else _record(row)

    def list(self, part_id: int, dataset_version_id: int | None = None) -> list[VerdictRecord]:
        """Return the verdicts of a part, or of one of its versions, oldest first."""
        rows = self._session.scalars(_of(part_id, dataset_version_id).order_by(Verdict.id))
        return [_record(row) for row in rows]


def _of(part_id: int, dataset_version_id: int | None) -> Select[Verdict]:
    query = select(Verdict).where(Verdict.part_id == part_id)
    if dataset_version_id is None:
        return query
    return query.where(Verdict.dataset_version_id == dataset_version_id)


def _record(row: Verdict) -> VerdictRecord:
    return VerdictRecord(
        id=row.id,
        part_id=row.part_id,
        dataset_version_id=row.dataset_version_id,
        decision=row.decision,
        metric=row.metric,
        lift=row.lift,
        lift_low=row.lift_low,
        lift_high=row.lift_high,
        settings_sha256=row.settings_sha256,
        report=dict(row.report),
        created_at=row.created_at,
    )
