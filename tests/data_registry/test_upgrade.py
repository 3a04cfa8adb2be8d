from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from data_registry.address import parse_address
from data_registry.engine import make_engine
from data_registry.errors import Integrity, Locked, RegistryError, SchemaMismatch
from data_registry.schema import Part
from data_registry.session import Registry, open_registry
from data_registry.upgrade import SCRIPTS, VERSION_TABLE, known_versions, prepare_postgres, prepare_sqlite
from tests.data_registry.postgres import fresh_database
from tests.data_registry.rows import dataset, good, model, sample, stored_image

NEWEST = known_versions()[-1]
STEP = """
import time
from alembic import op
import sqlalchemy as sa

revision = "9001"
down_revision = "{down}"
branch_labels = depends_on = None


def upgrade():
    with op.batch_alter_table("model_versions") as table:
        table.add_column(sa.Column("note", sa.String(), nullable=False, server_default="none"))
    {then}
"""


@pytest.fixture
def later(tmp_path: Path) -> Callable[[str], Path]:
    """The Alembic folder of a later program: one step more, which ends with the statement given."""

    def make(then: str = "pass") -> Path:
        scripts = tmp_path / "later"
        shutil.copytree(SCRIPTS, scripts)
        step = STEP.format(down=NEWEST, then=then)
        (scripts / "versions" / "9001_note.py").write_text(step)
        return scripts

    return make


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A registry of today with rows in it."""
    path = tmp_path / "r.sqlite3"
    with open_registry(f"sqlite:///{path}") as registry, registry.write() as work:
        part = work.parts.add("tile", source_root="x")
        work.images.add_many(part.id, [good(str(number)) for number in range(50)])
        model(work, part, dataset(work, part))
    return path


@pytest.fixture
def empty_server_database(postgres_server: str) -> Iterator[Engine]:
    with fresh_database(postgres_server) as url:
        engine = make_engine(parse_address(url), wait_s=1.0)
        yield engine
        engine.dispose()


def _version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()[0])


def _rows(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        tables = ("parts", "source_images", "groups", "model_versions")
        return [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables]


def test_the_migrations_make_the_tables_that_the_program_uses(database: str) -> None:
    open_registry(database).close()
    engine = create_engine(parse_address(database))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Part.metadata) == []
        checks = {
            name: {rule["name"] for rule in inspect(connection).get_check_constraints(name)}
            for name in ("source_images", "model_versions", "reviews", "verdicts", "retrain_runs")
        }
    engine.dispose()
    assert checks == {
        "source_images": {"ck_source_images_kind"},
        "model_versions": {"ck_model_versions_status"},
        "reviews": {"ck_reviews_decision", "ck_reviews_subject"},
        "verdicts": {"ck_verdicts_decision"},
        "retrain_runs": {"ck_retrain_runs_state"},
    }


def test_versions_are_one_line_in_the_order_of_their_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert steps[::-1] == known_versions()


def test_an_older_file_is_brought_up_to_date_and_kept(file: Path, later: Callable[..., Path]) -> None:
    before = _rows(file)
    prepare_sqlite(file, wait_s=1.0, scripts=later())
    kept = file.with_name(f"{file.name}.before-9001")
    assert (_version(file), _version(kept)) == ("9001", NEWEST)
    assert _rows(file) == _rows(kept) == before
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT note FROM model_versions").fetchall() == [("none",)]
    assert not list(file.parent.glob("*.migrating*"))


def test_decisions_of_the_first_version_survive(tmp_path: Path) -> None:
    """The second step copies the table of reviews on SQLite; its rows and its index must come along."""
    scripts, path = tmp_path / "first", tmp_path / "r.sqlite3"
    shutil.copytree(SCRIPTS, scripts)
    for step in (scripts / "versions").glob("[0-9]*_*.py"):
        if not step.name.startswith("0001"):
            step.unlink()
    prepare_sqlite(path, wait_s=1.0, scripts=scripts)
    with Registry(make_engine(parse_address(f"sqlite:///{path}"), wait_s=1.0)) as old, old.write() as work:
        part = work.parts.add("tile", source_root="x")
        image = stored_image(work, part, good("a"))
        work.samples.add_many(part.id, [sample(image, model(work, part, dataset(work, part)))])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO reviews (sample_id, decision, reviewer, reason, created_at) "
            "VALUES (1, 'ng', 'Sato', 'faint', '2026-01-02 03:04:05')"
        )
    with open_registry(f"sqlite:///{path}") as registry, registry.write() as work:
        [kept] = work.reviews.of(1)
        work.reviews.add_control(image.id, decision="ok", reviewer="Sato", session="s1")
    assert (kept.decision, kept.reviewer, kept.session, kept.source_image_id) == ("ng", "Sato", None, None)
    with closing(sqlite3.connect(path)) as connection:
        indexes = {row[1] for row in connection.execute("PRAGMA index_list(reviews)")}
    assert indexes == {"ix_reviews_sample_id", "ix_reviews_source_image_id"}


def test_rows_in_the_log_are_brought_along(file: Path, later: Callable[..., Path]) -> None:
    """A killed process leaves its last rows in the write-ahead log; none of them may get lost."""
    process = multiprocessing.get_context("fork").Process(target=_write_and_die, args=(file,))
    process.start()
    process.join()
    assert (file.parent / f"{file.name}-wal").stat().st_size > 0
    prepare_sqlite(file, wait_s=1.0, scripts=later())
    assert _rows(file)[0] == 2
    assert not (file.parent / f"{file.name}-wal").exists()


def _write_and_die(file: Path) -> None:
    with open_registry(f"sqlite:///{file}") as registry:
        with registry.write() as work:
            work.parts.add("ring", source_root="x")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_newer_file_is_refused_and_left_alone(file: Path, later: Callable[..., Path]) -> None:
    prepare_sqlite(file, wait_s=1.0, scripts=later())
    before = file.read_bytes()
    with pytest.raises(SchemaMismatch, match="9001") as refusal:
        open_registry(f"sqlite:///{file}")
    assert refusal.value.exit_code == 7
    assert file.read_bytes() == before


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("CREATE TABLE experiments (id INTEGER)")
    with pytest.raises(SchemaMismatch, match="experiments"):
        open_registry(f"sqlite:///{path}")


def test_a_file_in_use_is_not_migrated(file: Path, later: Callable[..., Path]) -> None:
    scripts = later()
    with open_registry(f"sqlite:///{file}") as registry, registry.read() as work:
        work.parts.list()
        with pytest.raises(Locked, match="another process"):
            prepare_sqlite(file, wait_s=0.2, scripts=scripts)
        assert len(work.parts.list()) == 1
    assert _version(file) == NEWEST
    prepare_sqlite(file, wait_s=0.2, scripts=scripts)
    assert _version(file) == "9001"


@pytest.mark.parametrize(
    ("then", "error"),
    [
        ("op.execute('SELECT nonsense')", RegistryError),
        ("op.execute('UPDATE source_images SET group_id = 999')", Integrity),
    ],
    ids=["fails", "breaks references"],
)
def test_a_failing_step_leaves_the_old_file(
    file: Path, later: Callable[..., Path], then: str, error: type[RegistryError]
) -> None:
    scripts = later(then)
    with pytest.raises(error):
        prepare_sqlite(file, wait_s=1.0, scripts=scripts)
    assert _version(file) == NEWEST
    with open_registry(f"sqlite:///{file}") as registry, registry.read() as work:
        assert len(work.parts.list()) == 1


@pytest.mark.parametrize("exists", [True, False], ids=["upgrade", "first start"])
def test_a_kill_during_the_migration_leaves_old_or_new(
    file: Path, later: Callable[..., Path], tmp_path: Path, exists: bool
) -> None:
    scripts = later("time.sleep(60)")
    path = file if exists else tmp_path / "new.sqlite3"
    copy = path.with_name(f"{path.name}.migrating")
    process = multiprocessing.get_context("fork").Process(
        target=prepare_sqlite, args=(path,), kwargs={"wait_s": 1.0, "scripts": scripts}
    )
    process.start()
    deadline = time.monotonic() + 20
    while not copy.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.kill()
    process.join()
    assert path.exists() == exists
    if exists:
        assert _version(path) == NEWEST
        assert _rows(path) == [1, 50, 50, 1]
    (scripts / "versions" / "9001_note.py").write_text(STEP.format(down=NEWEST, then="pass"))
    prepare_sqlite(path, wait_s=1.0, scripts=scripts)
    assert _version(path) == "9001"
    assert not copy.exists()


def test_two_first_starts_at_once_make_one_registry(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    context = multiprocessing.get_context("fork")
    starts = [context.Process(target=prepare_sqlite, args=(path,), kwargs={"wait_s": 30.0}) for _ in range(3)]
    for process in starts:
        process.start()
    for process in starts:
        process.join()
    assert [process.exitcode for process in starts] == [0, 0, 0]
    assert _version(path) == NEWEST
    assert not list(tmp_path.glob("*.before-*"))


def test_postgresql_is_upgraded_in_one_transaction(
    empty_server_database: Engine, later: Callable[..., Path]
) -> None:
    engine = empty_server_database
    scripts = later("op.execute('SELECT nonsense')")
    prepare_postgres(engine)
    with pytest.raises(RegistryError):
        prepare_postgres(engine, scripts=scripts)
    assert "note" not in _columns(engine)
    (scripts / "versions" / "9001_note.py").write_text(STEP.format(down=NEWEST, then="pass"))
    prepare_postgres(engine, scripts=scripts)
    assert "note" in _columns(engine)
    with pytest.raises(SchemaMismatch, match="9001"):
        prepare_postgres(engine)


def test_postgresql_with_another_programs_tables_of_our_names_is_refused(
    empty_server_database: Engine,
) -> None:
    engine = empty_server_database
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE parts (id INTEGER)"))
    with pytest.raises(SchemaMismatch, match="parts"):
        prepare_postgres(engine)


def test_postgresql_is_upgraded_by_one_process_at_a_time(empty_server_database: Engine) -> None:
    engine = empty_server_database
    with engine.begin() as other:
        from data_registry.upgrade import _ADVISORY_LOCK

        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        with pytest.raises(Locked):
            prepare_postgres(engine)
    prepare_postgres(engine)


def _columns(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return {column["name"] for column in inspect(connection).get_columns("model_versions")}
