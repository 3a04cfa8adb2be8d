"""What the real drivers report, turned into the registry's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from data_registry import errors
from data_registry.address import parse_address
from data_registry.errors import RegistryError
from data_registry.faults import clear_error


def _fault(engine: Engine, *statements: str) -> RegistryError:
    with pytest.raises(DBAPIError) as fault, engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    error = clear_error(fault.value)
    assert all((error.expected, error.found, error.action))
    return error


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'any.sqlite3'}", connect_args={"timeout": 0.05})
    yield engine
    engine.dispose()


TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL UNIQUE, CHECK (n > 0))"
CHILD = "CREATE TABLE c (t INTEGER REFERENCES t (id))"


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        ((TABLE, "INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (2, 1)"), errors.AlreadyExists),
        ((TABLE, "INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (1, 2)"), errors.AlreadyExists),
        ((TABLE, "INSERT INTO t VALUES (1, 0)"), errors.BadRecord),
        ((TABLE, "INSERT INTO t VALUES (1, NULL)"), errors.BadRecord),
        (("PRAGMA foreign_keys = ON", TABLE, CHILD, "INSERT INTO c VALUES (5)"), errors.NotFound),
        (
            (
                TABLE,
                "PRAGMA max_page_count = 4",
                "CREATE TABLE big (b BLOB)",
                "INSERT INTO big VALUES (zeroblob(99999))",
            ),
            errors.NoSpace,
        ),
        (("PRAGMA query_only = ON", TABLE), errors.NotWritable),
        (("SELECT nonsense",), errors.RegistryError),
    ],
)
def test_sqlite_tells(sqlite: Engine, statements: tuple[str, ...], error: type[RegistryError]) -> None:
    assert type(_fault(sqlite, *statements)) is error


def test_sqlite_tells_of_a_second_writer(sqlite: Engine, tmp_path: Path) -> None:
    with create_engine(sqlite.url).connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        fault = _fault(sqlite, TABLE)
        other.exec_driver_sql("ROLLBACK")
    assert type(fault) is errors.Locked
    assert fault.exit_code == 6


def test_sqlite_tells_of_a_damaged_page(sqlite: Engine, tmp_path: Path) -> None:
    with sqlite.begin() as connection:
        connection.execute(text("CREATE TABLE big (b BLOB)"))
        connection.execute(text("INSERT INTO big VALUES (zeroblob(100000))"))
    sqlite.dispose()
    file = tmp_path / "any.sqlite3"
    data = bytearray(file.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    file.write_bytes(data)
    assert type(_fault(sqlite, "SELECT sum(length(b)) FROM big")) is errors.Integrity


def test_sqlite_tells_of_another_kind_of_file(sqlite: Engine, tmp_path: Path) -> None:
    (tmp_path / "any.sqlite3").write_bytes(b"a text that is long enough to be read as a header" * 50)
    assert type(_fault(sqlite, "SELECT 1 FROM sqlite_master")) is errors.NotADatabase


@pytest.fixture(scope="module")
def server(postgres_server: str) -> Iterator[Engine]:
    engine = create_engine(parse_address(postgres_server))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("55P03", errors.Locked),
        ("40P01", errors.Locked),
        ("40001", errors.Locked),
        ("53100", errors.NoSpace),
        ("25006", errors.NotWritable),
        ("42501", errors.NotWritable),
        ("XX001", errors.Integrity),
        ("58030", errors.Integrity),
        ("23505", errors.AlreadyExists),
        ("23503", errors.NotFound),
        ("23514", errors.BadRecord),
        ("23502", errors.BadRecord),
        ("22001", errors.BadRecord),
        ("P0001", errors.BadRecord),
        ("57P01", errors.Unreachable),
        ("42601", errors.RegistryError),
    ],
)
def test_postgresql_tells(server: Engine, state: str, error: type[RegistryError]) -> None:
    fault = _fault(server, f"DO $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{state}'; END $$")
    assert type(fault) is error
    assert "as told" in fault.found


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    engine = create_engine(parse_address("postgresql://me:secret@127.0.0.1:1/db?connect_timeout=2"))
    error = _fault(engine, "SELECT 1")
    assert type(error) is errors.Unreachable
    assert "secret" not in str(error)


def test_a_database_that_is_not_there_is_told(server: Engine) -> None:
    engine = create_engine(server.url.set(database="nowhere"))
    assert type(_fault(engine, "SELECT 1")) is errors.Unreachable
