"""One job in a process of its own, forked from one that has imported everything already."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.kill_study.plant import JOBS, PART
from pipelines.kill_study.points import PointProgress, Points
from pipelines.settings import Settings, load_settings, quiet_environment

LONGEST_S = 900.0
TOKEN = "asked once"
_LOOK_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, or minus the signal's number; and after how long."""

    code: int
    seconds: float

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an undisturbed call has left behind: `content` is the registry's, see `look`."""

    content: dict[str, list[str]]
    problems: list[str]
    orphans: int
    unfinished: int
    tracked: list[int]
    agrees: bool


def warm_up() -> None:
    """Import what the jobs import, and compute nothing: a fork would not survive the threads of a computation."""
    for name in ("engine.work", "verify", *JOBS):
        importlib.import_module(f"pipelines.{name}")
    for name in ("tracking", "store.tracking.sqlalchemy_store", "store.model_registry.sqlalchemy_store"):
        importlib.import_module(f"mlflow.{name}")


def settings_of(home: Path) -> Settings:
    """One thread, on the CPU, tracked as in a plant."""
    return load_settings({"home": home, "threads": 1, "device": "cpu"}, environ={}).settings


def make_store(root: Path) -> None:
    """An empty home with MLflow's store in it, whose making would take longer than most jobs of the study."""
    ended = _in_a_process(root, lambda: _make_store(root), None)
    if ended.code:
        raise RuntimeError(f"MLflow's store cannot be made; see {root / 'jobs.log'}")


def run_job(
    root: Path, job: str, *, kill_after_s: float | None = None, point: tuple[str, int] | None = None
) -> Ended:
    """Work on a job as a worker does, in the home below `root`; kill it with -9 when asked to.

    Args:
        root: of the study.
        job: name in `JOBS`.
        kill_after_s: seconds from its start.
        point: name and number of the passing at which it is killed.
    """
    return _in_a_process(root, lambda: _work(root, job, point), kill_after_s)


def look(root: Path) -> Outcome:
    """What the home holds now, seen by another process."""
    ended = _in_a_process(root, lambda: _look(root), None)
    if ended.code:
        raise RuntimeError(f"the home cannot be looked at; see {root / 'jobs.log'}")
    return Outcome(**json.loads((root / "look.json").read_text()))


def passed_points(root: Path) -> dict[str, int]:
    """The points that the last undisturbed job has passed, and how often."""
    found: dict[str, int] = json.loads((root / "points.json").read_text())
    return found


def _make_store(root: Path) -> None:
    from pipelines.training.tracking_aliases import models_in_tracking

    settings = settings_of(root / "home")
    quiet_environment(settings)
    models_in_tracking(settings, PART)


def _work(root: Path, job: str, point: tuple[str, int] | None) -> None:
    from pipelines.engine.work import work_on
    from pipelines.inspection import conclude as gate_conclude

    # the inspector that trains in no time: its verdicts are stored here for once, so that there is a row to lose
    gate_conclude.UNSTORED = ""
    points = Points(*point) if point else Points()
    points.install()
    settings = settings_of(root / "home")
    quiet_environment(settings)
    facts: dict[str, Any] = {"part": PART, **JOBS[job].facts(root)}
    progress: Any = PointProgress(points)
    work_on(job, facts, token=TOKEN, settings=settings, device="cpu", progress=progress)
    (root / "points.json").write_text(json.dumps(points.passed))


def _look(root: Path) -> None:
    from pipelines import verify
    from pipelines.training.tracking_aliases import champion_model, models_in_tracking
    from pipelines.wiring import open_workplace

    settings = settings_of(root / "home")
    quiet_environment(settings)
    with open_workplace(settings) as work:
        found = verify.run(work)
        with work.registry.read() as rows:
            part = rows.parts.get(PART)
            champion = next((m.number for m in rows.models.list(part.id) if "champion" in m.aliases), None)
        outcome = Outcome(
            content=work.registry.content(leave_out=LEFT_OUT),
            problems=[
                f"{one.kind} {one.table} {one.key}: {one.detail}"
                for one in (*found.problems, *found.warnings)
            ],
            orphans=found.counts.orphans,
            unfinished=found.counts.unfinished,
            tracked=models_in_tracking(settings, PART),
            agrees=champion_model(settings, PART) == champion,
        )
    (root / "look.json").write_text(json.dumps(asdict(outcome)))


# What two undisturbed runs of the same job store differently, and why.
LEFT_OUT = {
    "kpis": "measured speed: how fast the machine was",
    "verdicts.report": "holds the seconds that the gate took; decision, lift and interval are compared",
    "model_versions.mlflow_run_id": "drawn by MLflow",
    "leases.holder": "number of the process",
    "audit_links": "hashes over the moments of the audit trail, whose rows are compared",
    "audit_heads": "the last of these hashes",
}


def _in_a_process(root: Path, work: Callable[[], None], kill_after_s: float | None) -> Ended:
    sys.stdout.flush()
    sys.stderr.flush()
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(root, work)
    limit = LONGEST_S if kill_after_s is None else kill_after_s
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        seconds = time.monotonic() - began
        if done:
            code = os.waitstatus_to_exitcode(status)
            return Ended(code=code, seconds=seconds)
        if seconds >= limit:
            os.kill(pid, signal.SIGKILL)
            if kill_after_s is None:
                raise RuntimeError(f"a job did not end within {LONGEST_S:.0f} s; see {root / 'jobs.log'}")
            limit = float("inf")
        time.sleep(_LOOK_S)


def _child(root: Path, work: Callable[[], None]) -> None:
    code = 1
    try:
        log = os.open(root / "jobs.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(
            0, {cores[os.getpid() % len(cores)]}
        )  # so that a gate starts no processes of its own
        work()
        code = 0
    finally:
        if code:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
