"""The box's clock: what the parts' policies say is due becomes a job, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines import schedule
from pipelines.engine.job import Job
from pipelines.engine.jobs import list_jobs, submit
from pipelines.settings import Settings
from pipelines.wiring import open_workplace

KIND = "retrain"
AFTER_A_FAILURE = timedelta(hours=1)


def submit_due(settings: Settings, now: datetime | None = None) -> tuple[Job, ...]:
    """Queues a retraining for each part where one is due and none waits or runs; returns the new jobs.

    Raises:
        Locked: the clock was set back behind what was already done.
        EngineDown: the engine does not answer.
    """
    moment = now or datetime.now(UTC)
    with open_workplace(settings) as work:
        due = schedule.due_now(work, moment)
    queued = []
    for one in due:
        earlier = [job for job in list_jobs(settings, part=one.part, limit=200).jobs if job.kind == KIND]
        if not may_start(earlier, moment):
            continue
        due_at = None if one.due_at is None else one.due_at.isoformat()
        facts = {"part": one.part, "cause": one.cause, "due_at": due_at, "started_by": "schedule"}
        sent = submit(settings, KIND, facts, again=True)
        queued += [sent.job] if sent.new else []
    return tuple(queued)


def may_start(earlier: list[Job], now: datetime) -> bool:
    """Whether no retraining of the part waits or runs, and none has failed within the last hour.

    Args:
        earlier: the part's retrainings, the newest first.
        now: the moment, with a zone.
    """
    if any(not job.ended for job in earlier):
        return False
    last = earlier[0] if earlier else None
    # a person may be mending the cause; a crash, as after a power cut, is gone on with at once
    return not (
        last
        and last.state in ("failed", "cancelled")
        and last.ended_at
        and now - last.ended_at < AFTER_A_FAILURE
    )
