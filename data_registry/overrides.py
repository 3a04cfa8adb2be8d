"""Requests to hand a version out against the gate: one person asks, another one confirms."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.errors import BadRecord, NotFound
from data_registry.people_records import OverrideRecord
from data_registry.people_schema import Override
from data_registry.records import require


class Overrides:
    """Reads and writes the rows of `overrides` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, part_id: int, *, dataset_version_id: int, reason: str, asked_by: str) -> OverrideRecord:
        """Store a request.

        Raises:
            BadRecord: no reason or no name.
            NotFound: the version is not one of the part's.
        """
        require(bool(reason.strip()), "the reason for going against the gate", "a sentence", reason)
        require(bool(asked_by.strip()), "who asks", "a name", asked_by)
        row = Override(
            part_id=part_id,
            dataset_version_id=dataset_version_id,
            reason=reason.strip(),
            asked_by=asked_by,
            asked_at=datetime.now(UTC),
            confirmed_by=None,
            confirmed_at=None,
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def confirm(self, override_id: int, *, confirmed_by: str) -> OverrideRecord:
        """Confirm a request; doing it again changes nothing.

        Raises:
            NotFound: no such request.
            BadRecord: the one who asked confirms it.
        """
        row = self._session.get(Override, override_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound(
                expected="a request that was made", found=f"number {override_id}", action="Look at the list."
            )
        if row.confirmed_by is not None:
            return _record(row)
        if row.asked_by.casefold() == confirmed_by.casefold():
            raise BadRecord(
                expected="a second person",
                found=f"{confirmed_by}, who asked",
                action="Have another admin confirm it.",
            )
        row.confirmed_by, row.confirmed_at = confirmed_by, datetime.now(UTC)
        self._session.flush()
        return _record(row)

    def latest(self, part_id: int, dataset_version_id: int) -> OverrideRecord | None:
        """Return the newest request for a version; None before the first."""
        query = select(Override).where(
            Override.part_id == part_id, Override.dataset_version_id == dataset_version_id
        )
        row = self._session.scalars(query.order_by(Override.id.desc()).limit(1)).one_or_none()
        return None if row is None else _record(row)

    def open(self, limit: int = 60) -> list[OverrideRecord]:
        """Return the newest requests that nobody has confirmed."""
        query = select(Override).where(Override.confirmed_by.is_(None))
        return [
            _record(row) for row in self._session.scalars(query.order_by(Override.id.desc()).limit(limit))
        ]


def _record(row: Override) -> OverrideRecord:
    return OverrideRecord(
        id=row.id,
        part_id=row.part_id,
        dataset_version_id=row.dataset_version_id,
        reason=row.reason,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
    )
