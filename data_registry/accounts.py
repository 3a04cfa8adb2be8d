"""Accounts and visits: who may come in, who is in. Passwords arrive here hashed, tokens too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from data_registry.errors import AlreadyExists, NotFound
from data_registry.outcome_records import require_json
from data_registry.people_records import AccountRecord, VisitRecord
from data_registry.people_schema import Account, LogInFailure, Visit
from data_registry.records import require, require_sha256

ROLES = ("operator", "engineer", "admin")
LONGEST_NAME = 64


class Accounts:
    """Reads and writes the rows of `accounts`, `visits` and `log_in_failures` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, name: str, *, role: str, password_hash: str, parts: Sequence[str] | None = None
    ) -> AccountRecord:
        """Make an account.

        Raises:
            AlreadyExists: somebody has that name, in whatever case.
            BadRecord: the name is empty, too long or has signs that cannot be read, or there is no such role.
        """
        fits = (
            bool(name.strip()) and name == name.strip() and name.isprintable() and len(name) <= LONGEST_NAME
        )
        require(fits, "a name", f"1 to {LONGEST_NAME} readable signs without blanks around them", name)
        require(role in ROLES, "a role", f"one of {ROLES}", role)
        require(bool(password_hash), "a password's hash", "there", "nothing")
        if self._row(name) is not None:
            raise AlreadyExists(
                expected="a new name", found=f"an account {name!r}", action="Choose another name."
            )
        row = Account(
            name=name,
            folded_name=name.casefold(),
            password_hash=password_hash,
            role=role,
            parts=_kept(parts),
            active=True,
            language="",
            choices={},
            created_at=datetime.now(UTC),
            last_log_in=None,
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def get(self, name: str) -> AccountRecord:
        """Return the account of that name, in whatever case.

        Raises:
            NotFound: there is none.
        """
        return _record(self._held(name))

    def find(self, name: str) -> tuple[AccountRecord, str] | None:
        """Return the account of that name and its password's hash; None if there is none."""
        row = self._row(name)
        return None if row is None else (_record(row), row.password_hash)

    def list(self) -> list[AccountRecord]:
        """Return all accounts in the order of their names."""
        return [_record(row) for row in self._session.scalars(select(Account).order_by(Account.folded_name))]

    def count(self, *, role: str | None = None) -> int:
        """Return how many people may log in, of one role or of all."""
        query = select(func.count()).select_from(Account).where(Account.active)
        return self._session.scalar(query if role is None else query.where(Account.role == role)) or 0

    def change(
        self,
        name: str,
        *,
        role: str | None = None,
        active: bool | None = None,
        password_hash: str | None = None,
        language: str | None = None,
        choices: Mapping[str, Any] | None = None,
    ) -> AccountRecord:
        """Change what is given and keep the rest; without access any more, the person's visits end.

        Raises:
            NotFound: no such account.
            BadRecord: no such role, or choices that are not JSON.
        """
        row = self._held(name)
        if role is not None:
            require(role in ROLES, "a role", f"one of {ROLES}", role)
            row.role = role
        row.active = row.active if active is None else active
        row.password_hash = password_hash or row.password_hash
        row.language = row.language if language is None else language
        if choices is not None:
            row.choices = {**row.choices, **require_json("what is remembered", choices)}
        if active is False or password_hash is not None:
            self._session.execute(delete(Visit).where(Visit.account_id == row.id))
        self._session.flush()
        return _record(row)

    def set_parts(self, name: str, parts: Sequence[str] | None) -> AccountRecord:
        """Say which parts a person works on; None for all."""
        row = self._held(name)
        row.parts = _kept(parts)
        self._session.flush()
        return _record(row)

    def open_visit(self, name: str, *, token_sha256: str, now: datetime) -> VisitRecord:
        """Note that somebody has logged in."""
        require_sha256("a visit's token", token_sha256)
        account = self._held(name)
        account.last_log_in = now
        row = Visit(token_sha256=token_sha256, account_id=account.id, created_at=now, seen_at=now)
        self._session.add(row)
        self._session.flush()
        return VisitRecord(account=_record(account), created_at=row.created_at, seen_at=row.seen_at)

    def visit(self, token_sha256: str) -> VisitRecord | None:
        """Return the visit of that token, outlived or not; None if it has ended."""
        row = self._session.get(Visit, token_sha256)
        if row is None:
            return None
        account = self._session.get_one(Account, row.account_id)
        return VisitRecord(account=_record(account), created_at=row.created_at, seen_at=row.seen_at)

    def seen(self, token_sha256: str, *, now: datetime) -> None:
        """Note that something was done just now."""
        row = self._session.get(Visit, token_sha256)
        if row is not None:
            row.seen_at = now

    def close_visit(self, token_sha256: str) -> None:
        """End a visit; nothing happens if it has ended."""
        self._session.execute(delete(Visit).where(Visit.token_sha256 == token_sha256))

    def close_visits_before(self, *, created: datetime, seen: datetime) -> None:
        """End the visits that began, or were last seen, before these moments."""
        self._session.execute(delete(Visit).where((Visit.created_at < created) | (Visit.seen_at < seen)))

    def failures(self, name_sha256: str, *, within: timedelta, now: datetime) -> tuple[int, datetime] | None:
        """Return how often a name failed lately and when last; None where not at all."""
        row = self._session.get(LogInFailure, name_sha256)
        return None if row is None or row.since < now - within else (row.failures, row.last)

    def note_failure(self, name_sha256: str, *, within: timedelta, now: datetime) -> int:
        """Count one more failure of a name and forget what is longer ago; return the count."""
        self._session.execute(delete(LogInFailure).where(LogInFailure.since < now - within))
        row = self._session.get(LogInFailure, name_sha256, with_for_update=True, populate_existing=True)
        if row is None:
            row = LogInFailure(name_sha256=name_sha256, failures=0, since=now, last=now)
            self._session.add(row)
        row.failures, row.last = row.failures + 1, now
        self._session.flush()
        return row.failures

    def forget_failures(self, name_sha256: str) -> None:
        """Start a name's count anew."""
        self._session.execute(delete(LogInFailure).where(LogInFailure.name_sha256 == name_sha256))

    def _row(self, name: str) -> Account | None:
        return self._session.scalar(select(Account).where(Account.folded_name == name.casefold()))

    def _held(self, name: str) -> Account:
        row = self._row(name)
        if row is None:
            raise NotFound(
                expected="the name of an account",
                found=repr(name),
                action="Look with `factory-gen user list`.",
            )
        return row


def _kept(parts: Sequence[str] | None) -> dict[str, Any]:
    return {} if parts is None else {"only": sorted(set(parts))}


def _record(row: Account) -> AccountRecord:
    only = row.parts.get("only")
    return AccountRecord(
        id=row.id,
        name=row.name,
        role=row.role,
        parts=None if only is None else tuple(only),
        active=row.active,
        language=row.language,
        choices=dict(row.choices),
        created_at=row.created_at,
        last_log_in=row.last_log_in,
    )
