"""`factory-gen submit`, `jobs`, `job`, `cancel`: work that the box does in the background."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Home
from pipelines.commands.output import show, stdout_console, table
from pipelines.commands.session import settings_of

if TYPE_CHECKING:
    from pipelines.engine.job import Job

JobId = Annotated[str, typer.Argument(help="The job's number, or the beginning of it.", show_default=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneJob:
    """One job with its log and its report, for `factory-gen job`."""

    job: object
    report: object
    log: tuple[object, ...]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    words = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command(cls=CommandHelp, epilog=EPILOG, context_settings=words)(submit)
    for command in (jobs, job, cancel):
        app.command(cls=CommandHelp, epilog=EPILOG)(command)


def submit(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            help="ingest, train, generate, gate, export, retrain, monitor or bench.", show_default=False
        ),
    ],
    again: Annotated[bool, typer.Option("--again", help="Also when an equal job is done already.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Queue a job for the box, with the options that the command of that name has.

    An equal job that waits, runs or is done is shown instead of a second one.
    """
    settings = settings_of(home=home)
    from pipelines.engine import jobs as calls
    from pipelines.engine.kinds import facts_from_words

    facts = facts_from_words(kind, list(context.args))
    if settings.part:
        facts.setdefault("part", settings.part)
    show(calls.submit(settings, kind, facts, again=again), as_json=as_json)


def jobs(
    part: Annotated[str | None, typer.Option("--part", help="Only of this part.", show_default=False)] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", help="queued, running, done, failed, ...", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Most jobs shown.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to leave out.")] = 0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the box's jobs, the newest first, with state and progress."""
    settings = settings_of(home=home)
    from pipelines.engine import jobs as calls

    page = calls.list_jobs(settings, part=part, states=state or (), limit=limit, offset=offset)
    if as_json:
        show(page, as_json=True)
        return
    headings = ("job", "kind", "part", "state", "stage", "done", "left", "since")
    stdout_console().print(table(headings, [_row(found) for found in page.jobs]))
    print(f"{len(page.jobs)} of {page.total:,} jobs")


def job(job_id: JobId, home: Home = None, as_json: AsJson = False) -> None:
    """Show one job: state, progress, what it has said, and its report."""
    settings = settings_of(home=home)
    from pipelines.engine import jobs as calls

    found = calls.job(settings, job_id)
    shown = OneJob(
        job=found, report=calls.job_report(settings, found.id), log=calls.job_log(settings, found.id)
    )
    show(shown, as_json=as_json)


def cancel(job_id: JobId, home: Home = None, as_json: AsJson = False) -> None:
    """End a job: out of the queue, or its process."""
    settings = settings_of(home=home)
    from pipelines.engine import jobs as calls

    show(calls.cancel(settings, job_id), as_json=as_json)


def _row(found: Job) -> tuple[str, ...]:
    told = found.standing
    since = found.ended_at or found.started_at or found.created_at
    minutes = (datetime.now(UTC) - since).total_seconds() / 60
    share = f"{told.share:.0%}" if told and told.share is not None and not found.ended else ""
    left = f"{told.left_s:.0f} s" if told and told.left_s is not None and not found.ended else ""
    stage = told.stage if told and not found.ended else found.message[:60]
    return (found.id[:13], found.kind, found.part, found.state, stage, share, left, f"{minutes:.0f} min")
