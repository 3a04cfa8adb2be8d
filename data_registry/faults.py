"""What a database driver reports, in words that a user can act on.

SQLite names its results ("SQLITE_BUSY"), PostgreSQL has five-letter states ("55P03"). One table
maps both to this package's errors; the first entry whose prefix fits counts.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from data_registry.errors import (
    AlreadyExists,
    BadRecord,
    Integrity,
    Locked,
    NoSpace,
    NotADatabase,
    NotFound,
    NotWritable,
    RegistryError,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class _Fault:
    """One family of reports: which error it becomes and what the user reads."""

    prefixes: tuple[str, ...]
    error: type[RegistryError]
    expected: str
    action: str


_FAULTS = (
    _Fault(
        ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40P01", "40001"),
        Locked,
        "the registry to be free for writing",
        "Another job writes to it. Wait until it ends and start the same command again; nothing was stored.",
    ),
    _Fault(
        ("SQLITE_FULL", "53100"),
        NoSpace,
        "room on the registry's disk",
        "Free some space and start the same command again; nothing of this step was stored.",
    ),
    _Fault(
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "25006", "42501"),
        NotWritable,
        "a registry that can be opened and written",
        "Check the folder's permissions, or set another one with FACTORY_GEN_HOME.",
    ),
    _Fault(
        ("SQLITE_NOTADB",),
        NotADatabase,
        "an SQLite database",
        "Check the registry's address; restore the file from a backup if it was one.",
    ),
    _Fault(
        ("SQLITE_CORRUPT", "SQLITE_IOERR", "XX001", "XX002", "58030"),
        Integrity,
        "readable pages in the registry",
        "The disk or another program damaged the database. Restore it from a backup, then run "
        "`factory-gen verify`.",
    ),
    _Fault(
        ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"),
        AlreadyExists,
        "a row that is not there yet",
        "Somebody stored the same thing before. Look with `factory-gen status`; nothing was stored twice.",
    ),
    _Fault(
        ("SQLITE_CONSTRAINT_FOREIGNKEY", "23503"),
        NotFound,
        "rows that belong together and to one part",
        "A row that is referred to is missing or belongs to another part. Nothing was stored.",
    ),
    _Fault(
        ("SQLITE_CONSTRAINT", "23", "P0001", "22"),
        BadRecord,
        "a row that keeps the table's rules",
        "Nothing was stored. This is a fault of the program or of a hand-written file.",
    ),
    _Fault(
        ("08", "28", "3D000", "53300", "57P", "connect"),
        Unreachable,
        "a PostgreSQL server that lets this user in",
        "Check that the server runs and that user, password and database in registry_url are right.",
    ),
)
_OTHER = _Fault(
    (), RegistryError, "the registry to answer", "Start the command again; report it if it returns."
)


def clear_error(fault: DBAPIError) -> RegistryError:
    """Return the registry's own error for what the driver reported (the password is never in it)."""
    code = _code(fault)
    kind = next((entry for entry in _FAULTS if code.startswith(entry.prefixes)), _OTHER)
    return kind.error(expected=kind.expected, found=_first_line(fault), action=kind.action)


def _code(fault: DBAPIError) -> str:
    """Return SQLite's result name or PostgreSQL's state; "connect" when no server spoke at all."""
    cause = fault.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorname", None) or ""
    state = getattr(cause, "sqlstate", None)
    if state:
        return str(state)
    return "connect" if type(cause).__name__ == "OperationalError" else ""


def _first_line(fault: DBAPIError) -> str:
    lines = str(fault.orig).strip().splitlines()
    return lines[0] if lines else type(fault.orig).__name__
