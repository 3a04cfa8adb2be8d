"""What pages read of the job engine: whether it answers, the jobs of a part, and what came of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.engine.errors import EngineDown
from pipelines.engine.job import Job
from pipelines.engine.jobs import job_refusal, job_report, list_jobs
from pipelines.engine.places import engine_of
from pipelines.settings import Settings

ANSWER_WITHIN_S = 1.0
UNFINISHED = ("queued", "starting", "running", "cancelling")
RECENT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PartJobs:
    """Some jobs, the newest first; without an engine that answers, `answers` is False and there are none."""

    answers: bool
    jobs: tuple[Job, ...] = ()

    @property
    def unfinished(self) -> tuple[Job, ...]:
        """Those that wait or run."""
        return tuple(one for one in self.jobs if not one.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an ended job has left: its report as JSON holds it, or why it failed; both None if it never came to say."""

    report: Mapping[str, Any] | None
    refusal: Mapping[str, str] | None


def engine_answers(settings: Settings) -> bool:
    """Whether a job could be ordered now; never raises."""
    try:
        return engine_of(settings).healthy(timeout_s=ANSWER_WITHIN_S)
    except EngineDown:
        return False


def recent_jobs(settings: Settings, part: str, *, kind: str | None = None, limit: int = RECENT) -> PartJobs:
    """The newest jobs of a part, of one kind or of all; never raises because the engine is down."""
    if not engine_answers(settings):
        return PartJobs(answers=False)
    try:
        return PartJobs(answers=True, jobs=list_jobs(settings, part=part, kind=kind, limit=limit).jobs)
    except EngineDown:
        return PartJobs(answers=False)


def outcome(settings: Settings, found: Job) -> Outcome:
    """What an ended job has left.

    Raises:
        EngineDown: the engine does not answer.
    """
    return Outcome(
        report=job_report(settings, found.id) if found.state == "done" else None,
        refusal=job_refusal(settings, found.id) if found.state == "failed" else None,
    )
