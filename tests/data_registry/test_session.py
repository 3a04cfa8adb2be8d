from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event

from data_registry.address import parse_address, sqlite_path
from data_registry.errors import Locked, NoSpace, NotADatabase, NotWritable, RegistryError, Unreachable
from data_registry.records import PartRecord
from data_registry.session import Registry, open_registry
from tests.data_registry.rows import good


def test_a_block_that_fails_stores_nothing(registry: Registry, part: PartRecord) -> None:
    with pytest.raises(ValueError, match="stop"), registry.write() as work:
        work.images.add_many(part.id, [good("a")])
        work.parts.add("ring", source_root="x")
        raise ValueError("stop")
    with registry.read() as work:
        assert [one.name for one in work.parts.list()] == ["tile"]
        assert work.images.page(part.id) == []


def test_what_is_stored_is_there_when_the_registry_is_opened_again(registry_url: str) -> None:
    with open_registry(registry_url) as registry, registry.write() as work:
        part = work.parts.add("tile", source_root="x")
    with open_registry(registry_url) as registry, registry.read() as work:
        assert work.parts.get("tile") == part


def test_reading_sees_one_moment(registry: Registry, part: PartRecord) -> None:
    with registry.read() as reading:
        before = reading.parts.list()
        with registry.write() as work:
            work.parts.add("ring", source_root="x")
        assert reading.parts.list() == before
    with registry.read() as work:
        assert len(work.parts.list()) == 2


def test_reading_cannot_write(registry: Registry) -> None:
    with pytest.raises(NotWritable), registry.read() as work:
        work.parts.add("tile", source_root="x")


def test_work_ends_with_its_block(registry: Registry) -> None:
    with registry.read() as work:
        pass
    with pytest.raises(Exception, match="closed"):
        work.parts.list()


def test_a_second_writer_waits_then_is_told_while_readers_go_on(registry: Registry, part: PartRecord) -> None:
    """The fixture's registry waits one second."""
    with registry.write() as work:
        work.parts.set_allowed_region(part.id, None)
        work.images.add_many(part.id, [good("a")])
        with registry.read() as reading:
            assert reading.images.page(part.id) == []
        began = time.monotonic()
        with pytest.raises(Locked) as refusal, registry.write() as second:
            second.images.add_many(part.id, [good("b")])
        waited = time.monotonic() - began
    assert 0.9 < waited < 4
    assert refusal.value.exit_code == 6
    with registry.write() as work:
        assert work.images.add_many(part.id, [good("b")]) == 1


def test_a_second_writer_goes_on_when_the_first_ends(registry: Registry, part: PartRecord) -> None:
    ready, added = threading.Event(), []

    def second() -> None:
        ready.wait()
        with registry.write() as work:
            added.append(work.images.add_many(part.id, [good("a"), good("b")]))

    thread = threading.Thread(target=second)
    thread.start()
    with registry.write() as work:
        work.images.add_many(part.id, [good("a")])
        ready.set()
        time.sleep(0.3)
    thread.join()
    assert added == [1]


@pytest.mark.parametrize("others", [1, 4])
def test_numbers_are_given_once_to_many_writers(registry: Registry, part: PartRecord, others: int) -> None:
    def publish(name: str) -> None:
        with registry.write() as work:
            work.datasets.add(part.id, kind="catalogue", manifest_sha256=good(name).sha256, counts={})

    threads = [threading.Thread(target=publish, args=(str(number),)) for number in range(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with registry.read() as work:
        assert [one.number for one in work.datasets.list(part.id)] == list(range(1, others + 1))


@pytest.fixture
def sqlite_registry(tmp_path: Path) -> Registry:
    return open_registry(f"sqlite:///{tmp_path / 'r.sqlite3'}", wait_s=0.2)


def test_sqlite_is_opened_for_safety(sqlite_registry: Registry, tmp_path: Path) -> None:
    with sqlite_registry, sqlite_registry.write() as work:
        work.parts.add("tile", source_root="x")
        assert (tmp_path / "r.sqlite3-wal").exists()
        with sqlite_registry._engine.connect() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 200}


def test_a_full_disk_stores_nothing_and_says_so(sqlite_registry: Registry) -> None:
    with sqlite_registry as registry:
        with registry.write() as work:
            part = work.parts.add("tile", source_root="x")
        registry._engine.dispose()
        # SQLite itself refuses to grow past this many pages, as it does when the disk is full.
        event.listen(registry._engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 80"))
        with pytest.raises(NoSpace) as refusal, registry.write() as work:
            work.images.add_many(part.id, (good(str(number)) for number in range(5000)))
        assert refusal.value.exit_code == 8
        with registry.read() as work:
            assert work.images.page(part.id) == []


def test_a_lock_from_outside_is_waited_for_and_told(sqlite_registry: Registry, tmp_path: Path) -> None:
    outside = sqlite3.connect(tmp_path / "r.sqlite3", isolation_level=None)
    outside.execute("BEGIN EXCLUSIVE")
    with sqlite_registry as registry:
        with registry.read() as work:
            assert work.parts.list() == []
        with pytest.raises(Locked), registry.write() as work:
            work.parts.add("tile", source_root="x")
        outside.execute("ROLLBACK")
        outside.close()
        with registry.write() as work:
            work.parts.add("tile", source_root="x")


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: path.write_bytes(b"no database at all, but long enough" * 100), NotADatabase),
        (lambda path: path.write_bytes(b"short"), NotADatabase),
        (lambda path: path.mkdir(), NotWritable),
        (lambda path: (path.parent / "f").touch(), None),
    ],
    ids=["text", "short text", "folder", "nothing"],
)
def test_what_is_no_registry_is_refused_and_left_alone(
    tmp_path: Path, make: object, error: type[RegistryError] | None
) -> None:
    path = tmp_path / "r.sqlite3"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    if error is None:
        open_registry(f"sqlite:///{path}").close()
        return
    with pytest.raises(error) as refusal:
        open_registry(f"sqlite:///{path}")
    assert type(refusal.value) is error
    assert (path.read_bytes() if path.is_file() else None) == before


def test_the_folder_is_made(tmp_path: Path) -> None:
    open_registry(f"sqlite:///{tmp_path / 'new' / 'deep' / 'r.sqlite3'}").close()
    (tmp_path / "file").touch()
    with pytest.raises(NotWritable):
        open_registry(f"sqlite:///{tmp_path / 'file' / 'r.sqlite3'}")


def test_a_relative_address_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with open_registry("sqlite:///r.sqlite3") as registry:
        os.chdir(tmp_path / "elsewhere")
        registry.close()
        with registry.write() as work:
            work.parts.add("tile", source_root="x")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_server_that_is_away_is_told() -> None:
    with pytest.raises(Unreachable):
        open_registry("postgresql://me:secret@127.0.0.1:1/db")


def test_a_restarted_server_is_found_again(registry: Registry, registry_url: str, part: PartRecord) -> None:
    """Connections that were cut while idle are replaced without an error."""
    url = parse_address(registry_url)
    with registry.read() as work:
        work.parts.list()
    if sqlite_path(url) is None:
        import psycopg

        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    with registry.read() as work:
        assert [one.name for one in work.parts.list()] == ["tile"]
