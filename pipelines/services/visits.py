"""Visits: who is in, and for how long. A visit ends when it is idle for half an hour, after eight hours, or by will.

Its token is known to the visitor alone; the registry keeps a hash of it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_registry.people_records import AccountRecord, VisitRecord
from pipelines.errors import NotPermitted
from pipelines.services.access import Actor
from pipelines.wiring import Workplace

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=8)
SEEN_EVERY = timedelta(minutes=1)  # how exactly the last moment of a visit is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """Somebody who has just come in; `token` is known to nobody but the visitor."""

    account: AccountRecord
    token: str


def come_in(work: Workplace, account: AccountRecord, *, by: str, now: datetime | None = None) -> LoggedIn:
    """Begin a visit of somebody who has proved who it is, and note it; visits that are over are swept out.

    Args:
        work: where the registry is.
        account: whose visit.
        by: how it was proved: "password", "plant account".
        now: the moment, UTC; the present one by default.
    """
    moment = now or datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    with work.registry.write() as rows:
        rows.accounts.close_visits_before(created=moment - ABSOLUTE, seen=moment - IDLE)
        rows.accounts.open_visit(account.name, token_sha256=_token_key(token), now=moment)
        rows.audit.add(actor=account.name, action="log in", subject=account.name, details={"by": by})
    return LoggedIn(account=account, token=token)


def standing_visit(work: Workplace, token: str, *, now: datetime | None = None) -> VisitRecord | None:
    """The visit of a token, without keeping it alive; None if it has ended or the account is closed."""
    moment = now or datetime.now(UTC)
    with work.registry.read() as rows:
        visit = rows.accounts.visit(_token_key(token))
    if visit is None or not visit.account.active:
        return None
    over = moment > visit.created_at + ABSOLUTE or moment > visit.seen_at + IDLE
    return None if over else visit


def current_visit(work: Workplace, token: str, *, now: datetime | None = None) -> VisitRecord | None:
    """The visit of a token, kept alive; None if it has ended, was idle too long, or the account is closed."""
    moment = now or datetime.now(UTC)
    visit = standing_visit(work, token, now=moment)
    if visit is not None and moment > visit.seen_at + SEEN_EVERY:
        with work.registry.write() as rows:
            rows.accounts.seen(_token_key(token), now=moment)
    return visit


def require_visit(work: Workplace, token: str, actor: Actor) -> None:
    """Refuse a call whose visit has ended, or whose person has another role by now.

    Raises:
        NotPermitted: so.
    """
    visit = current_visit(work, token)
    if visit is None or visit.account.role != actor.role or visit.account.parts != actor.parts:
        raise NotPermitted(
            expected="a visit that has not ended",
            found="one that has, or another role since it began",
            action="Load the page anew and log in.",
        )


def log_out(work: Workplace, token: str) -> None:
    """End a visit; nothing happens if it has ended."""
    with work.registry.write() as rows:
        rows.accounts.close_visit(_token_key(token))


def _token_key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
