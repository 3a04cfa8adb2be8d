"""Which PostgreSQL the registry tests use: the one that is named, else one that they start themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

VARIABLE = "FACTORY_GEN_TEST_POSTGRES"
SCRIPT = Path(__file__).parents[1] / "start_postgres.sh"


def named() -> str | None:
    """The URL of a server that somebody has started for the tests."""
    return os.environ.get(VARIABLE)


def installed() -> bool:
    """Whether the tests can start a server."""
    return bool(shutil.which("pg_ctl")) or any(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


def in_ci() -> bool:
    """Whether nothing may be left out."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def left_out() -> str | None:
    """Why the PostgreSQL half is left out, None when it runs (or must fail, in CI)."""
    if named() or installed() or in_ci():
        return None
    return f"no PostgreSQL: install it or set {VARIABLE}; the registry tests run on SQLite alone"


@contextmanager
def server() -> Iterator[str]:
    """A server's URL for the length of the tests."""
    if url := named():
        yield url
        return
    # Directly below the system's folder: the user postgres cannot look into pytest's.
    folder = tempfile.mkdtemp(prefix="fg-pg-")
    try:
        done = subprocess.run([SCRIPT, "start", folder], check=True, stdout=subprocess.PIPE, text=True)
        yield done.stdout.strip()
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True)


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The URL of a new database on the server, dropped afterwards."""
    name = f"fg_{uuid.uuid4().hex[:16]}"
    admin = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
