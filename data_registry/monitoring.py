"""Windows of incoming pictures and the alarms that two of them in a row raise: added, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.outcome_records import require_json
from data_registry.parts import hold_part
from data_registry.records import require, require_sha256
from data_registry.watch_records import AlarmRecord, MonitorWindowRecord
from data_registry.watch_schema import Alarm, MonitorWindow


class Monitoring:
    """Reads and writes the rows of `monitor_windows` and `alarms` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_window(
        self,
        part_id: int,
        *,
        model_version_id: int | None,
        baseline_sha256: str,
        content_sha256: str,
        source: str,
        images: int,
        figures: Mapping[str, Any],
        exceeded: Sequence[str],
        unusual: Mapping[str, Any],
    ) -> MonitorWindowRecord:
        """Store a window with the present moment; the same pictures against the same baseline are stored once.

        Args:
            part_id: the part.
            model_version_id: whose networks looked at it; None without a model.
            baseline_sha256: hash of what it was compared with.
            content_sha256: hash over its pictures.
            source: where they came from.
            images: how many, at least 1.
            figures: indicator to its figures, finite numbers only.
            exceeded: indicators over their limits, all of them in `figures`.
            unusual: indicator to the names of the pictures that stand out.

        Raises:
            NotFound: no such part.
            BadRecord: a value is outside its set.
        """
        require_sha256("a baseline", baseline_sha256)
        require_sha256("a window's content", content_sha256)
        require(images > 0, "the pictures of a window", "1 or more", images)
        require(set(exceeded) <= set(figures), "exceeded indicators", "some of the figures", exceeded)
        hold_part(self._session, part_id)
        if known := self.find_window(part_id, baseline_sha256, content_sha256):
            return known
        row = MonitorWindow(
            part_id=part_id,
            model_version_id=model_version_id,
            baseline_sha256=baseline_sha256,
            content_sha256=content_sha256,
            source=source,
            images=images,
            figures=require_json("a window's figures", figures),
            exceeded=list(exceeded),
            unusual=require_json("a window's pictures", unusual),
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _window(row)

    def find_window(
        self, part_id: int, baseline_sha256: str, content_sha256: str
    ) -> MonitorWindowRecord | None:
        """Return the stored window of these pictures against this baseline, None if there is none."""
        query = select(MonitorWindow).where(
            MonitorWindow.part_id == part_id,
            MonitorWindow.baseline_sha256 == baseline_sha256,
            MonitorWindow.content_sha256 == content_sha256,
        )
        row = self._session.scalars(query).one_or_none()
        return None if row is None else _window(row)

    def before(self, window: MonitorWindowRecord) -> MonitorWindowRecord | None:
        """Return the window before this one against the same baseline, None for the first."""
        query = (
            select(MonitorWindow)
            .where(
                MonitorWindow.part_id == window.part_id,
                MonitorWindow.baseline_sha256 == window.baseline_sha256,
                MonitorWindow.id < window.id,
            )
            .order_by(MonitorWindow.id.desc())
            .limit(1)
        )
        row = self._session.scalars(query).one_or_none()
        return None if row is None else _window(row)

    def recent(self, part_id: int, limit: int = 60) -> list[MonitorWindowRecord]:
        """Return the newest `limit` windows, oldest first."""
        query = select(MonitorWindow).where(MonitorWindow.part_id == part_id)
        rows = self._session.scalars(query.order_by(MonitorWindow.id.desc()).limit(limit))
        return [_window(row) for row in rows][::-1]

    def add_alarm(
        self,
        part_id: int,
        *,
        first: MonitorWindowRecord,
        second: MonitorWindowRecord,
        indicators: Sequence[str],
    ) -> AlarmRecord:
        """Raise an alarm; two windows raise one alarm only, however often they are looked at.

        Raises:
            NotFound: no such part.
            BadRecord: no indicator is named, or one was within its limit in both windows.
        """
        over = set(first.exceeded) | set(second.exceeded)
        fits = bool(indicators) and set(indicators) <= over
        require(fits, "an alarm's indicators", f"some of {sorted(over)}", list(indicators))
        hold_part(self._session, part_id)
        query = select(Alarm).where(Alarm.part_id == part_id, Alarm.second_window_id == second.id)
        if (known := self._session.scalars(query).one_or_none()) is not None:
            return _alarm(known)
        row = Alarm(
            part_id=part_id,
            first_window_id=first.id,
            second_window_id=second.id,
            indicators=list(indicators),
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _alarm(row)

    def alarms(self, part_id: int, limit: int = 60) -> list[AlarmRecord]:
        """Return the newest `limit` alarms, oldest first."""
        query = select(Alarm).where(Alarm.part_id == part_id).order_by(Alarm.id.desc()).limit(limit)
        return [_alarm(row) for row in self._session.scalars(query)][::-1]


def _window(row: MonitorWindow) -> MonitorWindowRecord:
    return MonitorWindowRecord(
        id=row.id,
        part_id=row.part_id,
        model_version_id=row.model_version_id,
        baseline_sha256=row.baseline_sha256,
        content_sha256=row.content_sha256,
        source=row.source,
        images=row.images,
        figures=dict(row.figures),
        exceeded=tuple(row.exceeded),
        unusual=dict(row.unusual),
        created_at=row.created_at,
    )


def _alarm(row: Alarm) -> AlarmRecord:
    return AlarmRecord(
        id=row.id,
        part_id=row.part_id,
        first_window_id=row.first_window_id,
        second_window_id=row.second_window_id,
        indicators=tuple(row.indicators),
        created_at=row.created_at,
    )
