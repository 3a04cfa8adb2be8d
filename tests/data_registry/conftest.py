"""The registry tests run on SQLite and on PostgreSQL: every test that asks for `registry_url` or `registry`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from data_registry.address import parse_address
from data_registry.columns import Base
from data_registry.records import PartRecord
from data_registry.session import Registry, open_registry
from tests.data_registry import postgres


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the PostgreSQL half where there is none; the run's header says why."""
    if postgres.left_out() is None:
        return
    config.hook.pytest_deselected(items=[item for item in items if _on_postgres(item)])
    items[:] = [item for item in items if not _on_postgres(item)]


def _on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    asked = "postgres_server" in getattr(item, "fixturenames", ())
    return asked or (call is not None and call.params.get("database") == "postgres")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server; a failure where there is none in CI."""
    if postgres.named() is None and not postgres.installed():
        pytest.fail(f"the registry must be tested on PostgreSQL: install it or set {postgres.VARIABLE}")
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a new database that the tests of one file share."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('registry') / 'registry.sqlite3'}"
        return
    with postgres.fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def registry_url(database: str) -> Iterator[str]:
    """The URL of a database without rows (without tables before its first use)."""
    yield database
    engine = create_engine(parse_address(database))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(Base.metadata.tables)}"))
        else:
            _empty_sqlite(connection)
    engine.dispose()


def _empty_sqlite(connection: Connection) -> None:
    """Deletes all rows; the triggers that keep the audit trail are put back afterwards."""
    named = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'")
    triggers = connection.execute(named).all()
    for name, _ in triggers:
        connection.execute(text(f"DROP TRIGGER {name}"))
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(table.delete())
    for _, statement in triggers:
        connection.execute(text(statement))


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    """An open, empty registry."""
    with open_registry(registry_url, wait_s=1.0) as opened:
        yield opened


@pytest.fixture
def part(registry: Registry) -> PartRecord:
    """One part in it."""
    with registry.write() as work:
        return work.parts.add("tile", source_root="tiles")
