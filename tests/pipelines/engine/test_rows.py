"""Jobs read from the engine's file: only when it is this home's engine, and with the fields that the page shows."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.engine import jobs
from pipelines.engine.places import BoxNote, ServiceNote, born, engine_database, write_note
from pipelines.engine.rest import Engine
from pipelines.engine.rows import own_rows
from pipelines.settings import Settings, load_settings

TABLES = """
CREATE TABLE flow_run (id, name, tags, parameters, created, start_time, end_time, state_type, state_id,
                       expected_start_time);
CREATE TABLE flow_run_state (id, message);
CREATE TABLE artifact (flow_run_id, type, data, updated);
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path}, environ={}).settings


@pytest.fixture
def url() -> Iterator[str]:
    """Somebody who listens, as the engine does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/api"


def note(settings: Settings, url: str) -> None:
    service = ServiceNote(name="engine", pid=1, address=url, probe="", restarts=0, log="")
    write_note(
        settings, BoxNote(pid=os.getpid(), born=born(os.getpid()), engine_url=url, services=(service,))
    )


def fill(settings: Settings, count: int) -> None:
    with sqlite3.connect(engine_database(settings)) as store:
        store.executescript(TABLES)
        for number in range(count):
            part, kind = ("部品" if number % 2 else "tile"), ("train" if number % 3 else "gate")
            tags = json.dumps(["factory-gen", f"kind:{kind}", f"part:{part}"], ensure_ascii=False)
            state = "RUNNING" if number == 0 else "SCHEDULED"
            moment = f"2026-11-30 12:{number // 60:02}:{number % 60:02}.000000"
            started = moment if number == 0 else None
            run = (f"id{number}", f"{kind} {part}", tags, '{"request": {"seed": 1}}', moment, started, None)
            store.execute(
                "INSERT INTO flow_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*run, state, f"s{number}", moment),
            )
            store.execute("INSERT INTO flow_run_state VALUES (?, ?)", (f"s{number}", "waits"))
        told = '{"stage": "flow", "share": 0.5, "figures": {}}'
        store.execute("INSERT INTO artifact VALUES ('id0', 'factory-gen-progress', ?, '1')", (told,))
    store.close()


@pytest.mark.parametrize("count", [12, 600])
def test_a_page_with_its_filters(settings: Settings, url: str, count: int) -> None:
    note(settings, url)
    fill(settings, count)
    page = jobs.list_jobs(settings, limit=5)
    assert (page.total, [job.id for job in page.jobs]) == (
        count,
        [f"id{count - place}" for place in range(1, 6)],
    )
    assert page.jobs[0].message == "waits"
    assert page.jobs[0].created_at.tzinfo is not None
    assert page.jobs[0].request == {"seed": 1}
    assert jobs.list_jobs(settings, part="部品").total == count // 2
    both = jobs.list_jobs(settings, part="tile", kind="gate", states=["queued", "running"], limit=200)
    assert both.total == len(both.jobs) == count // 6
    assert {(job.part, job.kind) for job in both.jobs} == {("tile", "gate")}
    (first,) = jobs.list_jobs(settings, states=["running"]).jobs
    assert first.standing is not None
    assert (first.state, first.standing.stage, first.standing.share) == ("running", "flow", 0.5)
    assert [job.id for job in jobs.list_jobs(settings, offset=count - 2).jobs] == ["id1", "id0"]


def test_another_engine_is_asked_over_http(settings: Settings, url: str) -> None:
    engine = Engine(url)
    with own_rows(settings, engine) as rows:
        assert rows is None  # no box here
    note(settings, url)
    with own_rows(settings, engine) as rows:
        assert rows is None  # no file
    fill(settings, 1)
    with own_rows(settings, Engine("http://127.0.0.1:1/api")) as rows:
        assert rows is None  # not the engine of this box
    with own_rows(settings, engine) as rows:
        assert rows is not None


def test_an_engine_that_does_not_listen_is_not_read(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
    note(settings, gone)
    fill(settings, 1)
    with own_rows(settings, Engine(gone)) as rows:
        assert rows is None


def test_a_file_of_another_shape_is_not_read(settings: Settings, url: str) -> None:
    note(settings, url)
    with sqlite3.connect(engine_database(settings)) as store:
        store.execute("CREATE TABLE flow_run (id)")
    store.close()
    with own_rows(settings, Engine(url)) as rows:
        assert rows is None
