"""Accounts: who may come in. Passwords are kept as Argon2 hashes.

After five failures within a quarter of an hour a name waits before each further try, longer every time, and never
longer than that quarter of an hour: a shared screen is not locked for good by somebody's typing. A name that nobody
has is treated like one that somebody has, in words and in time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from data_registry.people_records import AccountRecord
from factory_gen.errors import InputRefused
from pipelines.errors import NotPermitted
from pipelines.services.access import ADMIN
from pipelines.services.visits import LoggedIn, come_in
from pipelines.wiring import Workplace

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 512
FREE_FAILURES = 5
LATELY = timedelta(minutes=15)
FIRST_WAIT = timedelta(seconds=15)

_hasher = PasswordHasher()


def add(
    work: Workplace,
    name: str,
    password: str | None,
    *,
    role: str,
    parts: Sequence[str] | None = None,
    by: str,
) -> AccountRecord:
    """Make an account and note it in the audit trail.

    Args:
        work: where the registry is.
        name: of the person; the e-mail address, where the plant's own log-in lets the person in.
        password: 10 to 512 signs, not the name; None for nobody's, where only the plant's own log-in is to count.
        role: "operator", "engineer" or "admin".
        parts: names of the parts that the person works on; None for all.
        by: who makes it.

    Raises:
        InputRefused: the password is too short, too long or the name.
        AlreadyExists, BadRecord: the name is taken or unreadable, or there is no such role.
        NotFound: no such part.
    """
    kept = _hasher.hash(secrets.token_urlsafe(32)) if password is None else hash_password(name, password)
    with work.registry.write() as rows:
        for part in parts or ():
            rows.parts.get(part)
        account = rows.accounts.add(name, role=role, password_hash=kept, parts=parts)
        rows.audit.add(actor=by, action="add user", subject=account.name, details={"role": role})
    return account


def change(
    work: Workplace,
    name: str,
    *,
    by: str,
    role: str | None = None,
    active: bool | None = None,
    password: str | None = None,
) -> AccountRecord:
    """Change what is given of an account and note it; a new password or a closed account ends its visits.

    Raises:
        NotFound: no such account.
        NotPermitted: nobody who may keep users would be left.
        InputRefused: the password is not good enough.
    """
    kept = None if password is None else hash_password(name, password)
    with work.registry.write() as rows:
        before = rows.accounts.get(name)
        leaves = before.active and before.role == ADMIN and (active is False or role not in (None, ADMIN))
        if leaves and rows.accounts.count(role=ADMIN) == 1:
            raise NotPermitted(
                expected="at least one admin who may log in",
                found=f"{before.name}, the only one",
                action="Make another admin first.",
            )
        account = rows.accounts.change(name, role=role, active=active, password_hash=kept)
        details = {"role": role, "active": active, "password": "new" if password else None}
        rows.audit.add(
            actor=by,
            action="change user",
            subject=account.name,
            details={key: value for key, value in details.items() if value is not None},
        )
    return account


def set_parts(work: Workplace, name: str, parts: Sequence[str] | None, *, by: str) -> AccountRecord:
    """Say which parts a person works on, None for all, and note it.

    Raises:
        NotFound: no such account, or no such part.
    """
    with work.registry.write() as rows:
        for part in parts or ():
            rows.parts.get(part)
        account = rows.accounts.set_parts(name, parts)
        found = "all" if parts is None else sorted(parts)
        rows.audit.add(actor=by, action="assign parts", subject=account.name, details={"parts": found})
    return account


def log_in(work: Workplace, name: str, password: str, *, now: datetime | None = None) -> LoggedIn:
    """Let somebody in.

    Raises:
        NotPermitted: as `prove`.
    """
    moment = now or datetime.now(UTC)
    return come_in(work, prove(work, name, password, now=moment), by="password", now=moment)


def prove(work: Workplace, name: str, password: str, *, now: datetime | None = None) -> AccountRecord:
    """Return the account of a name whose password this is; failures count, and make the name wait.

    Raises:
        NotPermitted: with one and the same text whether the name is unknown, the password wrong, the account
            closed, or the name has to wait.
    """
    moment = now or datetime.now(UTC)
    key = _name_key(name)
    with work.registry.read() as rows:
        found = rows.accounts.find(name)
        failed = rows.accounts.failures(key, within=LATELY, now=moment)
    right = _verify(found[1] if found else _nobodys_hash(), password[:LONGEST_PASSWORD]) and found is not None
    waits = failed is not None and moment < failed[1] + wait_after(failed[0])
    if waits or not right or found is None or not found[0].active:
        _note_failure(work, key, name if found else "", moment, count=not waits)
        raise NotPermitted(
            expected="a name and its password",
            found="something else, or too many tries in a short time",
            action=f"Try again; after {FREE_FAILURES} failures there is a wait of up to 15 minutes. "
            "An admin can set a new password.",
        )
    account, kept = found
    better = _better_hash(kept, password)
    with work.registry.write() as rows:
        rows.accounts.forget_failures(key)
        if better is not None:
            rows.accounts.change(account.name, password_hash=better)
    return account


def wait_after(failures: int) -> timedelta:
    """How long a name waits after that many failures lately: not at all up to five, then 15 s, 30 s, ..., 15 min."""
    over = failures - FREE_FAILURES
    return timedelta(0) if over < 0 else min(FIRST_WAIT * 2 ** min(over, 10), LATELY)


def hash_password(name: str, password: str) -> str:
    """Return the hash to keep.

    Raises:
        InputRefused: the password is too short, too long, or the name.
    """
    fits = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    if not fits or password.casefold() == name.casefold():
        raise InputRefused(
            expected=f"a password of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} signs that is not the name",
            found=f"{len(password)} signs" if not fits else "the name",
            action="Choose another one; three or four words in a row are easy to keep in mind.",
        )
    return _hasher.hash(password)


def _note_failure(work: Workplace, key: str, known: str, moment: datetime, *, count: bool) -> None:
    """Count a failure; the fifth of a known name is noted in the audit trail. Tries while waiting count no further."""
    if not count:
        return
    with work.registry.write() as rows:
        failures = rows.accounts.note_failure(key, within=LATELY, now=moment)
        if known and failures == FREE_FAILURES:
            rows.audit.add(
                actor=known, action="log in refused", subject=known, details={"failures": failures}
            )


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def _better_hash(kept: str, password: str) -> str | None:
    return _hasher.hash(password) if _hasher.check_needs_rehash(kept) else None


@cache
def _nobodys_hash() -> str:
    """What an unknown name's password is compared with, so that it takes as long."""
    return _hasher.hash(secrets.token_urlsafe(32))


def _name_key(name: str) -> str:
    return hashlib.sha256(name.casefold().encode()).hexdigest()
