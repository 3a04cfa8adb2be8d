"""Connections: how SQLite and PostgreSQL are opened, and how their transactions begin."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

WRITE = "registry_write"


def make_engine(url: URL, *, wait_s: float) -> Engine:
    """Return an engine; nothing is connected yet.

    Args:
        url: from `parse_address`.
        wait_s: how long a write waits for another writer, in seconds.
    """
    if url.drivername.startswith("sqlite"):
        # isolation_level None: the driver never begins a transaction on its own; `_begin` does.
        engine = create_engine(url, connect_args={"timeout": wait_s, "isolation_level": None})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"-c lock_timeout={round(wait_s * 1000)} -c timezone=UTC"
    return create_engine(url, pool_pre_ping=True, connect_args={"options": options, "connect_timeout": 10})


def reading(engine: Engine) -> Engine:
    """Return the engine whose transactions see one moment and refuse to write."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(engine: Engine) -> Engine:
    """Return the engine whose transactions may write; on SQLite they take the lock at once."""
    return engine.execution_options(**{WRITE: True})


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    # Hashes fall anywhere in their index: 32 MiB of it in memory, and 64 MiB of log before its pages
    # are written back, let a page that changes often be written once. It saves a third of an ingest.
    cursor.execute("PRAGMA cache_size = -32000")
    cursor.execute("PRAGMA wal_autocheckpoint = 16000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin: a reader that later wants to write would fail at once, so writers say it first."""
    write = bool(connection.get_execution_options().get(WRITE))
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if write else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
