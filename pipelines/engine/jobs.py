"""Jobs of the box: ask for one, list them, look at one, end one. Plain functions for pages, commands and the clock.

The engine's own rows are the only record of a job's state, so nothing here can disagree with it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from data_registry.errors import NotFound
from data_registry.session import open_registry
from factory_gen.errors import InputRefused
from pipelines.engine.end_process import end_process, is_job
from pipelines.engine.errors import EngineDown
from pipelines.engine.job import MARK, STATES, Job, read_job, tags_of
from pipelines.engine.kinds import as_facts, key_of, kind_of, read_request
from pipelines.engine.places import boot_id, engine_of
from pipelines.engine.rest import Engine
from pipelines.engine.rows import own_rows
from pipelines.settings import Settings

PROGRESS = "factory-gen-progress"
REPORT = "factory-gen-report"
REFUSAL = "factory-gen-refusal"
DEPLOYMENT = "box"
LONGEST_PAGE = 200
POLL_S = 0.25
CANCELLED_BY = "Cancelled by a person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What came of a request: the job, and whether it is a new one."""

    job: Job
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Some jobs, the newest first, and how many there are in all."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a job has said."""

    at: str
    level: int
    text: str


def submit(settings: Settings, kind: str, facts: Mapping[str, Any], *, again: bool = False) -> Submitted:
    """Queues a job; an equal one that waits, runs or is done is returned instead.

    A request whose run failed, crashed or was cancelled is queued anew.

    Args:
        settings: where the engine and the registry are.
        kind: a name in `KINDS`.
        facts: the request; what is left out takes the job's default.
        again: queue it although an equal one is done.

    Raises:
        UsageError: unknown kind or option.
        NotFound: no such part.
        EngineDown: the engine does not answer, or has not been set up by `factory-gen up`.
    """
    request = read_request(kind, facts)
    if not kind_of(kind).new_part:
        with open_registry(settings.registry_url) as registry, registry.read() as rows:
            rows.parts.get(request.part)
    engine = engine_of(settings)
    key = key_of(kind, request)
    earlier = _runs(engine, {"tags": {"all_": [MARK, f"key:{key}"]}}, limit=LONGEST_PAGE)
    known = [read_job(run) for run in earlier]
    for job in known:
        if not job.ended or (job.state == "done" and not again):
            return Submitted(job=job, new=False)
    deployment = engine.get(f"/deployments/name/{kind}/{DEPLOYMENT}")
    if deployment is None:
        raise EngineDown(
            expected=f"an engine that knows the job {kind}",
            found=f"none of that name at {engine.url}",
            action="Start the box with `factory-gen up`, which teaches the engine its jobs.",
        )
    run = engine.post(
        f"/deployments/{deployment['id']}/create_flow_run",
        {
            "name": f"{kind} {request.part}",
            # runs that follow one that was lost carry its token: what it has finished is not done twice
            "parameters": {
                "request": as_facts(request),
                "token": f"{key}-{sum(job.state == 'done' for job in known)}",
            },
            "tags": tags_of(kind, request.part, key),
            # two that ask at the same moment have counted the same runs, so the engine makes one
            "idempotency_key": f"{key}-{len(earlier)}",
            "state": {"type": "SCHEDULED", "name": "Scheduled"},
        },
    )
    return Submitted(job=read_job(run), new=True)


def list_jobs(
    settings: Settings,
    *,
    part: str | None = None,
    kind: str | None = None,
    states: Iterable[str] = (),
    limit: int = 60,
    offset: int = 0,
) -> JobPage:
    """A page of jobs, the newest first.

    Args:
        settings: where the engine is.
        part: only this part's.
        kind: only of this kind.
        states: only jobs in one of these states (`queued`, `running`, ...); all when empty.
        limit: most jobs of the page, at most 200.
        offset: how many to leave out.

    Raises:
        EngineDown: the engine does not answer.
        InputRefused: no state of that name.
    """
    engine, types, limit = engine_of(settings), _types(states), min(limit, LONGEST_PAGE)
    # all runs of this engine are ours; looking at the tags of thousands would only cost time
    named = [f"{word}:{value}" for word, value in (("part", part), ("kind", kind)) if value]
    with own_rows(settings, engine) as rows:
        if rows is not None:
            runs, total = rows.page(named, types, limit=limit, offset=offset)
            told = rows.artifacts([run["id"] for run in runs if run["start_time"]], PROGRESS)
        else:
            wanted: dict[str, Any] = {"tags": {"all_": named}} if named else {}
            wanted |= {"state": {"type": {"any_": types}}} if types else {}
            total = engine.post("/flow_runs/count", {"flow_runs": wanted})
            runs = _runs(engine, wanted, limit=limit, offset=offset)
            told = _standings(engine, [run["id"] for run in runs if run["start_time"]])
    return JobPage(jobs=tuple(read_job(run, told.get(run["id"])) for run in runs), total=total)


def job(settings: Settings, job_id: str) -> Job:
    """One job by its number, or by the beginning of it.

    Raises:
        NotFound: none, or more than one, begins so.
        EngineDown: the engine does not answer.
    """
    engine = engine_of(settings)
    run = engine.get(f"/flow_runs/{job_id}") if len(job_id) == 36 else _by_beginning(engine, job_id)
    if run is None:
        raise NotFound(
            expected="the number of a job",
            found=repr(job_id),
            action="See `factory-gen jobs` for the numbers.",
        )
    return read_job(run, _standings(engine, [run["id"]]).get(run["id"]))


def job_log(settings: Settings, job_id: str, *, limit: int = LONGEST_PAGE) -> tuple[LogLine, ...]:
    """The last lines that a job has said, the oldest of them first."""
    found = engine_of(settings).post(
        "/logs/filter",
        {"logs": {"flow_run_id": {"any_": [job_id]}}, "sort": "TIMESTAMP_DESC", "limit": limit},
    )
    return tuple(
        LogLine(at=line["timestamp"], level=line["level"], text=line["message"]) for line in reversed(found)
    )


def job_report(settings: Settings, job_id: str) -> Mapping[str, Any] | None:
    """The report of a job that is done; None before that."""
    found = _artifacts(engine_of(settings), [job_id], REPORT)
    return found.get(job_id)


def job_refusal(settings: Settings, job_id: str) -> Mapping[str, str] | None:
    """Why a job failed, as `expected`, `found` and `action`; None when it did not, or never came to say so."""
    return _artifacts(engine_of(settings), [job_id], REFUSAL).get(job_id)


def cancel(settings: Settings, job_id: str, *, wait_s: float = 30.0) -> Job:
    """Ends a job: a waiting one is taken from the queue, a running one's process is ended.

    Args:
        settings: where the engine is.
        job_id: its number, or the beginning of it.
        wait_s: how long to wait until its process is gone. The state stays `cancelling` when that is not enough.

    Raises:
        NotFound: no such job.
        EngineDown: the engine does not answer.
    """
    found = job(settings, job_id)
    if found.ended:
        return found
    engine = engine_of(settings)
    wanted = "CANCELLED" if found.state == "queued" else "CANCELLING"
    set_state(engine, found.id, wanted, CANCELLED_BY)
    if wanted == "CANCELLING" and _ended_here(found):
        set_state(engine, found.id, "CANCELLED", CANCELLED_BY, force=True)
    until = time.monotonic() + wait_s
    while not (found := job(settings, found.id)).ended and time.monotonic() < until:
        time.sleep(POLL_S)
    return found


def _ended_here(found: Job) -> bool:
    """Whether the job's process ran on this machine and is gone now; a worker elsewhere does the same more slowly."""
    told = found.standing
    if told is None or (told.host, told.boot) != (socket.gethostname(), boot_id()) or not is_job(told.pid):
        return False
    return end_process(told.pid)


def set_state(engine: Engine, run_id: str, state: str, message: str, *, force: bool = False) -> None:
    """Asks the engine to put a run into a state of its own vocabulary."""
    body = {"state": {"type": state, "name": state.title(), "message": message}, "force": force}
    engine.post(f"/flow_runs/{run_id}/set_state", body)


def unfinished(engine: Engine) -> list[Mapping[str, Any]]:
    """The engine's JSON of every run that says it has begun and not ended."""
    types = ["PENDING", "RUNNING", "CANCELLING"]
    return _runs(engine, {"tags": {"all_": [MARK]}, "state": {"type": {"any_": types}}}, limit=LONGEST_PAGE)


def standings(engine: Engine, run_ids: list[str]) -> dict[str, Mapping[str, Any]]:
    """What runs have last said about their progress, by run."""
    return _standings(engine, run_ids)


def _runs(
    engine: Engine, wanted: Mapping[str, Any], *, limit: int, offset: int = 0
) -> list[Mapping[str, Any]]:
    body = {"flow_runs": wanted, "sort": "EXPECTED_START_TIME_DESC", "limit": limit, "offset": offset}
    found: list[Mapping[str, Any]] = engine.post("/flow_runs/filter", body)
    return found


def _by_beginning(engine: Engine, beginning: str) -> Mapping[str, Any] | None:
    wanted = {"tags": {"all_": [MARK]}}
    matches = [run for run in _runs(engine, wanted, limit=LONGEST_PAGE) if run["id"].startswith(beginning)]
    return matches[0] if beginning and len(matches) == 1 else None


def _standings(engine: Engine, run_ids: list[str]) -> dict[str, Mapping[str, Any]]:
    return _artifacts(engine, run_ids, PROGRESS)


def _artifacts(engine: Engine, run_ids: list[str], kind: str) -> dict[str, Mapping[str, Any]]:
    if not run_ids:
        return {}
    wanted = {"flow_run_id": {"any_": run_ids}, "type": {"any_": [kind]}}
    found = engine.post(
        "/artifacts/filter", {"artifacts": wanted, "sort": "UPDATED_DESC", "limit": LONGEST_PAGE}
    )
    return {row["flow_run_id"]: row["data"] for row in reversed(found)}


def _types(states: Iterable[str]) -> list[str]:
    names = list(states)
    unknown = [name for name in names if name not in STATES.values()]
    if unknown:
        raise InputRefused(
            expected=f"states from {', '.join(dict.fromkeys(STATES.values()))}",
            found=unknown[0],
            action="Name one of these.",
        )
    return [word for word, name in STATES.items() if name in names]
