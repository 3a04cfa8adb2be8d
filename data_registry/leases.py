"""Who may do something now: one holder per name, for a time; and the trail of who did what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data_registry.audit_chain import check, link
from data_registry.errors import Locked
from data_registry.outcome_records import require_json
from data_registry.people_records import ChainState
from data_registry.records import require
from data_registry.watch_records import AuditRecord, LeaseRecord
from data_registry.watch_schema import AuditEvent, Lease

# A lease that was taken later than this after "now" was taken by a clock that has been set back since.
CLOCK_TOLERANCE = timedelta(minutes=2)


class Leases:
    """Reads and writes the rows of `leases` inside one transaction; commit it before acting on it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(
        self, name: str, *, holder: str, seconds: float, now: datetime | None = None, over: str | None = None
    ) -> LeaseRecord:
        """Take or renew a lease.

        Args:
            name: what it is for.
            holder: who takes it; the same holder renews.
            seconds: how long it lasts from now.
            now: the moment, with a zone; the clock's by default.
            over: a holder that is known to be dead, whose lease may be taken over before its time.

        Raises:
            Locked: somebody else holds it, or the clock was set back so far that nobody can tell.
        """
        require(bool(name) and bool(holder), "a lease and its holder", "names", (name, holder))
        moment = now or datetime.now(UTC)
        row = self._session.get(Lease, name, with_for_update=True, populate_existing=True)
        if row is not None and row.holder not in (holder, over):
            if row.taken_at > moment + CLOCK_TOLERANCE:
                raise Locked(
                    expected="a clock that goes forwards",
                    found=f"{moment:%Y-%m-%d %H:%M} UTC now, and a lease on {name} taken {row.taken_at:%Y-%m-%d %H:%M}"
                    f" UTC by {row.holder}",
                    action="Set this machine's clock right (time service), then run the same command again.",
                )
            if row.until > moment:
                raise Locked(
                    expected=f"nobody else at {name}",
                    found=f"{row.holder}, until {row.until:%Y-%m-%d %H:%M:%S} UTC unless renewed",
                    action="Wait until that has ended; a killed holder loses it at that time.",
                )
        if row is None:
            row = Lease(name=name)
            self._session.add(row)
        row.holder, row.taken_at, row.until = holder, moment, moment + timedelta(seconds=seconds)
        try:
            self._session.flush()
        except IntegrityError as fault:
            raise Locked(
                expected=f"nobody else at {name}",
                found="another process that took it at the same moment",
                action="Run the same command again when that has ended.",
            ) from fault
        return _lease(row)

    def give_back(self, name: str, *, holder: str) -> None:
        """End one's own lease; nothing happens if somebody else has it by now."""
        row = self._session.get(Lease, name, with_for_update=True)
        if row is not None and row.holder == holder:
            self._session.delete(row)
            self._session.flush()

    def of(self, name: str) -> LeaseRecord | None:
        """Return the lease of that name, outlived or not; None if nobody has it."""
        row = self._session.get(Lease, name)
        return None if row is None else _lease(row)


class Audit:
    """Adds to and reads the rows of `audit_events` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, *, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None
    ) -> AuditRecord:
        """Note who did what to what, with the present moment.

        Raises:
            BadRecord: a name is empty, or the details are not JSON.
        """
        require(
            all((actor.strip(), action, subject)), "an audit event", "three names", (actor, action, subject)
        )
        row = AuditEvent(
            actor=actor,
            action=action,
            subject=subject,
            details=require_json("an audit event's details", details or {}),
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        link(self._session, row)
        return _event(row)

    def recent(
        self, limit: int = 60, *, before_id: int | None = None, actor: str | None = None
    ) -> list[AuditRecord]:
        """Return the newest events, newest first: of one person or all, and below a number for the next page."""
        query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(AuditEvent.id < before_id)
        if actor is not None:
            query = query.where(AuditEvent.actor == actor)
        return [_event(row) for row in self._session.scalars(query)]

    def check(self) -> ChainState:
        """Go along the whole trail and say where it is not what was written."""
        return check(self._session)

    def of(self, subject: str) -> list[AuditRecord]:
        """Return what was done to a subject, oldest first."""
        query = select(AuditEvent).where(AuditEvent.subject == subject).order_by(AuditEvent.id)
        return [_event(row) for row in self._session.scalars(query)]


def _lease(row: Lease) -> LeaseRecord:
    return LeaseRecord(name=row.name, holder=row.holder, taken_at=row.taken_at, until=row.until)


def _event(row: AuditEvent) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        details=dict(row.details),
        created_at=row.created_at,
    )
