"""A real box: engine and worker as processes, jobs that run, end, are cancelled, are killed, and a power cut."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data_registry.errors import Locked, NotFound
from factory_gen.errors import InputRefused
from pipelines.engine import box, jobs
from pipelines.engine.device import is_free
from pipelines.engine.health import health
from pipelines.engine.job import Job
from pipelines.engine.places import born, read_note
from pipelines.engine.services import Ports
from pipelines.settings import Settings, load_settings

PATIENCE_S = 240.0
ENDLESS = 5_000_000  # rows that take many minutes
STARTED: list[subprocess.Popen[bytes]] = []
pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(settings: Settings) -> None:
    line = [sys.executable, "-m", "pipelines.cli", "up", "--home", str(settings.home), "--gpus", "0"]
    ports = ["--engine-port", str(free_port()), "--tracking-port", "0", "--pages-port", "0"]
    with (settings.home / "up.log").open("ab") as log:
        process = subprocess.Popen([*line, *ports, "--within", str(int(PATIENCE_S))], stdout=log, stderr=log)
    STARTED.append(process)
    until(lambda: process.poll() is not None or health(settings).healthy)
    assert process.poll() is None, (settings.home / "up.log").read_text()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def wait_for(settings: Settings, job: Job, *states: str) -> Job:
    until(lambda: jobs.job(settings, job.id).state in states)
    return jobs.job(settings, job.id)


def running(settings: Settings, rows: int) -> Job:
    job = jobs.submit(settings, "bench", {"rows": rows}).job
    until(lambda: (told := jobs.job(settings, job.id).standing) is not None and bool(told.stage))
    return jobs.job(settings, job.id)


def pid_of(job: Job) -> int:
    assert job.standing is not None
    return job.standing.pid


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings({"home": tmp_path_factory.mktemp("box")}, environ={}).settings


@pytest.fixture(scope="module", autouse=True)
def running_box(settings: Settings) -> Iterator[None]:
    start(settings)
    yield
    assert box.down(settings).was_running
    assert read_note(settings) is None
    for process in STARTED:
        process.wait(timeout=30)


def test_a_second_box_is_refused_and_the_first_is_named(settings: Settings) -> None:
    note = read_note(settings)
    assert note is not None
    with pytest.raises(Locked, match=str(note.pid)):
        box.up(settings, ports=Ports(), gpus=0, healthy_within_s=1, say=lambda _: None)


def test_a_job_runs_once_and_its_report_can_be_read(settings: Settings) -> None:
    first = jobs.submit(settings, "bench", {"rows": 50})
    second = jobs.submit(settings, "bench", {"rows": 50, "part": "bench"})
    assert (first.new, second.new) == (True, False)
    assert first.job.id == second.job.id
    done = wait_for(settings, first.job, "done", "failed", "crashed")
    assert done.state == "done", done.message
    report = jobs.job_report(settings, done.id)
    assert report is not None and report["rows"] == 50
    assert any(line.text.startswith("insert: ") for line in jobs.job_log(settings, done.id))
    assert not jobs.submit(settings, "bench", {"rows": 50}).new
    assert jobs.cancel(settings, done.id) == done
    assert jobs.job(settings, done.id[:13]) == done


def test_a_failed_job_says_why(settings: Settings, tmp_path: Path) -> None:
    lost = {"part": "tile", "source": str(tmp_path / "nowhere")}
    failed = wait_for(settings, jobs.submit(settings, "ingest", lost).job, "done", "failed", "crashed")
    assert failed.state == "failed"
    assert "nowhere" in failed.message
    refusal = jobs.job_refusal(settings, failed.id)
    assert refusal is not None and "nowhere" in refusal["expected"] and refusal["action"]
    assert [one.id for one in jobs.list_jobs(settings, part="tile", kind="ingest").jobs][-1] == failed.id
    assert jobs.list_jobs(settings, part="tile", kind="train").jobs == ()
    again = jobs.submit(settings, "ingest", lost)
    assert again.new
    wait_for(settings, again.job, "failed")


def test_a_cancelled_job_leaves_the_device_to_the_next(settings: Settings) -> None:
    long = running(settings, ENDLESS)
    assert not is_free(settings, "cpu")
    waiting = jobs.submit(settings, "bench", {"rows": 51}).job
    never = jobs.submit(settings, "bench", {"rows": 52}).job
    assert jobs.cancel(settings, never.id).state == "cancelled"
    page = jobs.list_jobs(settings, states=["queued", "running"])
    assert [job.id for job in page.jobs] == [waiting.id, long.id]
    began = time.monotonic()
    ended = jobs.cancel(settings, long.id)
    assert ended.state == "cancelled"
    assert born(pid_of(long)) == 0
    assert time.monotonic() - began < 30
    assert wait_for(settings, waiting, "done", "failed", "crashed").state == "done"
    assert is_free(settings, "cpu")


def test_a_killed_job_is_closed_and_a_killed_engine_comes_back(settings: Settings) -> None:
    victim = running(settings, ENDLESS)  # cancelled before, so it is queued anew
    os.kill(pid_of(victim), signal.SIGKILL)
    assert wait_for(settings, victim, "crashed", "failed", "done").state == "crashed"
    engine = health(settings).services[0]
    os.kill(engine.pid, signal.SIGKILL)
    until(lambda: health(settings).healthy and health(settings).services[0].restarts == 1)


def test_after_a_power_cut_the_queue_moves_on_by_itself(settings: Settings) -> None:
    lost = running(settings, ENDLESS + 1)
    waiting = jobs.submit(settings, "bench", {"rows": 53}).job
    note = read_note(settings)
    assert note is not None
    for pid in (note.pid, *(service.pid for service in note.services), pid_of(lost)):
        os.kill(pid, signal.SIGKILL)
    until(lambda: born(note.pid) == 0)
    assert not health(settings).running
    start(settings)
    assert wait_for(settings, lost, "crashed").message.endswith("Submit it again.")
    assert wait_for(settings, waiting, "done", "failed", "crashed").state == "done"


def test_questions_that_have_no_answer(settings: Settings) -> None:
    with pytest.raises(NotFound, match="factory-gen jobs"):
        jobs.job(settings, "ffff")
    with pytest.raises(NotFound, match="unknown"):
        jobs.submit(settings, "train", {"part": "unknown"})
    with pytest.raises(InputRefused, match="queued"):
        jobs.list_jobs(settings, states=["asleep"])
