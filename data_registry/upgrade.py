"""Bring a registry's tables to this program's version, or refuse; never leave them in between.

SQLite: an online copy of the file is migrated beside it, checked, and renamed over it, while the
original is held against writers; a stop at any moment leaves the old file or the new one. The old file
stays as `<name>.before-<version>`. PostgreSQL: all steps in one transaction under an advisory lock.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from data_registry.address import refuse_network_drive
from data_registry.errors import Integrity, Locked, NotADatabase, RegistryError, SchemaMismatch
from data_registry.faults import clear_error
from data_registry.schema import Part
from data_registry.storage import disk_error, flush_folder

SCRIPTS = Path(__file__).parent / "migrations"
VERSION_TABLE = "registry_version"
_ADVISORY_LOCK = 0x66616374


def known_versions(scripts: Path = SCRIPTS) -> list[str]:
    """Return the schema versions that this program knows, oldest first: the files' leading numbers."""
    return sorted(file.stem.split("_")[0] for file in (scripts / "versions").glob("[0-9]*_*.py"))


def prepare_sqlite(path: Path, *, wait_s: float, scripts: Path = SCRIPTS) -> None:
    """Create the database file or bring it to the newest version.

    Args:
        path: the file; its folder is made when missing.
        wait_s: how long to wait for another process that does the same, in seconds.
        scripts: the Alembic folder.

    Raises:
        NotADatabase: the file is something else.
        SchemaMismatch: its tables are newer or another program's.
        NotWritable: it lies on a network drive, or may not be written.
        Locked: another process uses the database while it must be migrated.
        NoSpace, Integrity: the disk is full or damaged.
    """
    refuse_network_drive(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_current(path, scripts):
            return
        with FileLock(f"{path}.lock", timeout=wait_s):
            if not _is_current(path, scripts):
                _replace(path, scripts)
    except Timeout:
        raise _in_use(path) from None
    except OSError as fault:
        raise disk_error(fault, path) from fault


def prepare_postgres(engine: Engine, *, scripts: Path = SCRIPTS) -> None:
    """Create the tables or bring them to the newest version, in one transaction.

    Raises:
        SchemaMismatch: the tables are newer or another program's.
        Unreachable: no server, or it refuses this user.
        Locked: another process migrates the same database.
    """
    try:
        with engine.begin() as connection:
            if _check(_version(connection), scripts):
                return
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            if not _check(_version(connection), scripts):
                _migrate(connection, scripts)
    except DBAPIError as fault:
        raise clear_error(fault) from fault


def _is_current(path: Path, scripts: Path) -> bool:
    """Say whether the file exists at the newest version; refuse what is not ours."""
    if not path.exists():
        return False
    engine = create_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.connect() as connection:
            return _check(_version(connection), scripts)
    except DBAPIError as fault:
        raise _refusal(path, fault) from fault
    finally:
        engine.dispose()


def _refusal(path: Path, fault: DBAPIError) -> RegistryError:
    error = clear_error(fault)
    if isinstance(error, NotADatabase):
        error.found = f"another kind of file at {path}"
        return NotADatabase(expected=error.expected, found=error.found, action=error.action)
    return error


def _version(connection: Connection) -> str | None:
    """Return the schema version that a database has, None for an empty one.

    Raises:
        SchemaMismatch: it holds another program's tables.
    """
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    foreign = names if connection.dialect.name == "sqlite" else names & Part.metadata.tables.keys()
    if foreign:
        raise SchemaMismatch(
            expected="an empty database or a factory_gen registry",
            found=f"other tables: {', '.join(sorted(foreign)[:5])}",
            action="Give the registry a database of its own: correct registry_url.",
        )
    return None


def _check(version: str | None, scripts: Path) -> bool:
    """Say whether `version` is the newest.

    Raises:
        SchemaMismatch: this program does not know it.
    """
    known = known_versions(scripts)
    if version is not None and version not in known:
        raise SchemaMismatch(
            expected=f"a registry of version {known[-1]} or older",
            found=f"version {version}, which a newer factory_gen made",
            action="Install that newer version, or go back to the `.before-...` copy beside the registry.",
        )
    return version == known[-1]


def _migrate(connection: Connection, scripts: Path) -> None:
    # Alembic takes a while to import and is needed only when something must change.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _replace(path: Path, scripts: Path) -> None:
    """Make the newest version of the file beside it and rename it into place."""
    copy = path.with_name(f"{path.name}.migrating")
    for left in path.parent.glob(f"{copy.name}*"):
        left.unlink()
    existed = path.exists()
    with _held(path) if existed else nullcontext():
        if existed:
            _back_up(path, copy)
        _migrate_file(copy, scripts)
        _flush(copy)
        if existed:
            _keep(path, path.with_name(f"{path.name}.before-{known_versions(scripts)[-1]}"))
        os.replace(copy, path)
        flush_folder(path.parent)


def _back_up(path: Path, copy: Path) -> None:
    """Copy a database file that is held against writers, page by page."""
    # A connection of its own: SQLite does not copy from one that holds the file for writing.
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a database file against all writers.

    Leaving WAL mode empties and removes the log, which must not outlive the file that it belongs
    to, and it works only while nobody else has the file open.

    Raises:
        Locked: somebody else has it open.
    """
    with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
        try:
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as fault:
            raise _in_use(path) from fault
        if mode != "delete":
            raise _in_use(path)
        yield


def _migrate_file(path: Path, scripts: Path) -> None:
    """Migrate one SQLite file that nobody else knows, then check its pages and references."""
    # Foreign keys stay off: SQLite changes a table by copying and dropping it.
    engine = create_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.begin() as connection:
            _migrate(connection, scripts)
        with engine.connect() as connection:
            pages = connection.execute(text("PRAGMA quick_check")).scalar()
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        with engine.connect() as connection:
            # Noted in the file, so that its first user need not hold it alone to change the mode.
            connection.execute(text("PRAGMA journal_mode = WAL"))
    except DBAPIError as fault:
        raise clear_error(fault) from fault
    finally:
        engine.dispose()
    if pages != "ok" or broken is not None:
        raise Integrity(
            expected="a sound database after the migration",
            found=str(pages) if pages != "ok" else f"a row that refers to nothing: {broken}",
            action="The registry is unchanged. Restore it from a backup, then start again.",
        )


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _keep(path: Path, backup: Path) -> None:
    """Keep the old file under another name; a second name costs no copy where the disk allows it."""
    backup.unlink(missing_ok=True)
    try:
        os.link(path, backup)
    except OSError:
        shutil.copyfile(path, backup)


def _in_use(path: Path) -> Locked:
    return Locked(
        expected="the registry to be free while its tables are brought up to date",
        found=f"another process that has {path.name} open",
        action="Stop the other factory_gen processes and start the command again. Nothing was changed.",
    )
