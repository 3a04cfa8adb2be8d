"""Two boxes with homes of their own, one engine, one PostgreSQL: jobs run on both, and one at a time on each part."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from factory_gen.images.demo_plant import draw_plant
from pipelines import verify
from pipelines.engine import box, jobs
from pipelines.engine.health import health
from pipelines.engine.job import Job
from pipelines.settings import Settings, as_environment, child_environment, load_settings
from pipelines.wiring import open_workplace, part_lock
from tests.data_registry import postgres

PATIENCE_S = 400.0
pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.3)


def start(settings: Settings, *options: str) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "pipelines.cli", "up", "--gpus", "0", "--tracking-port", "0"]
    line += ["--pages-port", "0", "--within", str(int(PATIENCE_S)), *options]
    settings.home.mkdir(parents=True)
    with (settings.home / "up.log").open("ab") as log:
        environment = child_environment(as_environment(settings))
        process = subprocess.Popen(line, stdout=log, stderr=log, env=environment)
    until(lambda: process.poll() is not None or health(settings).healthy)
    assert process.poll() is None, (settings.home / "up.log").read_text()
    return process


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Settings]]:
    """The main box with the engine, and a further one that only works."""
    if why := postgres.left_out():
        pytest.skip(why)
    folder, port = tmp_path_factory.mktemp("boxes"), free_port()
    with postgres.server() as server, postgres.fresh_database(server) as url:
        shared = {
            "registry_url": url.replace("postgresql://", "postgresql+psycopg://"),
            "blobs_dir": folder / "shared" / "blobs",
            "models_dir": folder / "shared" / "models",
            "tracking": False,
        }
        main = load_settings({"home": folder / "one", **shared}, environ={}).settings
        engine = {"engine_url": f"http://127.0.0.1:{port}/api"}
        further = load_settings({"home": folder / "two", **shared, **engine}, environ={}).settings
        processes = [start(main, "--engine-port", str(port)), start(further)]
        yield main, further
        for settings in (further, main):
            assert box.down(settings).was_running
        for process in processes:
            process.wait(timeout=60)


def ask(settings: Settings, folder: Path, part: str, seed: int) -> Job:
    """Queue the ingest of a small plant of its own."""
    plant = folder / f"{part}{seed}"
    draw_plant(plant, seed=seed, good=6, defective=2, side=96)
    for path in list(plant.rglob("*.png")):  # two deliveries of one part: no name comes twice
        path.rename(path.with_name(f"{seed}{path.name}"))
    return jobs.submit(settings, "ingest", {"part": part, "source": str(plant)}).job


def done(settings: Settings, asked: list[Job]) -> list[Job]:
    until(lambda: all(jobs.job(settings, one.id).ended for one in asked))
    found = [jobs.job(settings, one.id) for one in asked]
    assert [one.state for one in found] == ["done"] * len(found), [one.message for one in found]
    return found


def home_of(settings: Settings, job: Job) -> Path:
    """Under which box's home the process of a running job works."""
    told = jobs.job(settings, job.id).standing
    assert told is not None
    facts = Path(f"/proc/{told.pid}/environ").read_bytes().split(b"\0")
    return Path(
        os.fsdecode(next(one for one in facts if one.startswith(b"FACTORY_GEN_HOME=")).split(b"=")[1])
    )


def lines(settings: Settings, job: Job) -> list[str]:
    return [line.text for line in jobs.job_log(settings, job.id)]


def test_jobs_of_one_part_are_given_to_both_boxes_and_done_one_after_the_other(
    boxes: tuple[Settings, Settings], tmp_path: Path
) -> None:
    main, further = boxes
    # the part is held from elsewhere, so that both jobs have begun before one of them can go on
    elsewhere = load_settings(
        {"home": tmp_path / "three", "registry_url": main.registry_url}, environ={}
    ).settings
    elsewhere.locks_dir.mkdir(parents=True)
    with part_lock(elsewhere, "ring", "by hand"):
        asked = [ask(main, tmp_path, "ring", seed) for seed in (1, 2)]
        until(lambda: all(any("waiting until part ring" in t for t in lines(main, one)) for one in asked))
        assert {home_of(main, one) for one in asked} == {main.home, further.home}
        with open_workplace(main) as work, work.registry.read() as rows:
            assert rows.parts.list() == []
    first, second = sorted(done(main, asked), key=lambda job: str(job.ended_at))
    assert first.ended_at is not None
    own = [
        line for line in jobs.job_log(main, second.id) if "waiting" not in line.text and " in " in line.text
    ]
    assert own and all(datetime.fromisoformat(line.at) >= first.ended_at for line in own)
    with open_workplace(main) as work:
        with work.registry.read() as rows:
            assert rows.parts.get("ring").id == 1
            assert rows.leases.of("part/ring") is None
        assert verify.run(work).ok


def test_jobs_of_two_parts_run_at_the_same_time_on_both_boxes(
    boxes: tuple[Settings, Settings], tmp_path: Path
) -> None:
    main, further = boxes
    elsewhere = load_settings(
        {"home": tmp_path / "four", "registry_url": main.registry_url}, environ={}
    ).settings
    elsewhere.locks_dir.mkdir(parents=True)
    with part_lock(elsewhere, "disc", "by hand"), part_lock(elsewhere, "cap", "by hand"):
        asked = [ask(main, tmp_path, part, 3) for part in ("disc", "cap")]
        until(lambda: all(any("waiting until part" in t for t in lines(main, one)) for one in asked))
        homes = {home_of(main, one) for one in asked}
    assert homes == {main.home, further.home}
    found = done(main, asked)
    assert {job.part for job in found} == {"disc", "cap"}
    with open_workplace(further) as work:
        assert verify.run(work).ok
