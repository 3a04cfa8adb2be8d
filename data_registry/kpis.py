"""Figures that are kept over time: added, never changed, so that a trend can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.outcome_records import KpiRecord, require_finite, require_json
from data_registry.outcome_schema import Kpi
from data_registry.parts import hold_part
from data_registry.records import require


class Kpis:
    """Reads and writes the rows of `kpis` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        part_id: int,
        *,
        name: str,
        value: float,
        unit: str,
        low: float | None = None,
        high: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> KpiRecord:
        """Store a figure with the present moment.

        Args:
            part_id: the part.
            name: what it is, such as "speed.seconds_per_kept_image".
            value: the figure, finite; `low` and `high` are the bounds of its interval if it has one.
            unit: for people, such as "s" or "EUR/month"; may be empty for a share.
            details: how it came about, JSON-able, finite numbers only.

        Raises:
            NotFound: no such part.
            BadRecord: a value is no number, or the bounds are the wrong way round.
        """
        require(bool(name.strip()), "a figure's name", "a word", name)
        require_finite(f"the figure {name}", value, low, high)
        ordered = low is None or high is None or low <= high
        require(ordered, f"the bounds of {name}", "low <= high", (low, high))
        kept = require_json(f"the details of {name}", details or {})
        hold_part(self._session, part_id)
        row = Kpi(
            part_id=part_id,
            name=name,
            value=value,
            low=low,
            high=high,
            unit=unit,
            details=kept,
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def page(
        self, part_id: int, *, name: str | None = None, after_id: int = 0, limit: int = 60
    ) -> list[KpiRecord]:
        """Return up to `limit` figures with a number above `after_id`, oldest first; None keeps all names."""
        query = select(Kpi).where(Kpi.part_id == part_id, Kpi.id > after_id)
        if name is not None:
            query = query.where(Kpi.name == name)
        return [_record(row) for row in self._session.scalars(query.order_by(Kpi.id).limit(limit))]

    def latest(self, part_id: int, name: str) -> KpiRecord | None:
        """Return the newest figure of that name, None before the first."""
        query = select(Kpi).where(Kpi.part_id == part_id, Kpi.name == name)
        row = self._session.scalars(query.order_by(Kpi.id.desc()).limit(1)).one_or_none()
        return None if row is None else _record(row)

    def recent(self, part_id: int, name: str, limit: int = 60) -> list[KpiRecord]:
        """Return the newest `limit` figures of that name, oldest first."""
        query = select(Kpi).where(Kpi.part_id == part_id, Kpi.name == name)
        rows = self._session.scalars(query.order_by(Kpi.id.desc()).limit(limit))
        return [_record(row) for row in rows][::-1]

    def names(self, part_id: int) -> list[str]:
        """Return the names of all figures that the part has, in alphabetical order."""
        query = select(Kpi.name).where(Kpi.part_id == part_id).distinct().order_by(Kpi.name)
        return list(self._session.scalars(query))


def _record(row: Kpi) -> KpiRecord:
    return KpiRecord(
        id=row.id,
        part_id=row.part_id,
        name=row.name,
        value=row.value,
        low=row.low,
        high=row.high,
        unit=row.unit,
        details=dict(row.details),
        created_at=row.created_at,
    )
