"""`factory-gen schedule`, `retrain` and `rollback`: when a part is retrained, doing it, and taking it back."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.commands.help import EPILOG, CommandHelp, GroupHelp
from pipelines.commands.options import AsJson, Device, Home, Part, Quiet, Threads
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing
from pipelines.commands.values import seconds

if TYPE_CHECKING:
    from pipelines.operation.retrain_steps import RetrainOptions

NOT_PROMOTED = 4
By = Annotated[
    str | None,
    typer.Option("--by", help="Who says so; the name of this login by default.", show_default=False),
]
Recipe = Annotated[
    str, typer.Option("--recipe", help="A recipe; the champion's own by default.", show_default=False)
]
Budget = Annotated[
    str | None,
    typer.Option("--budget", help="Time for the training, such as 90m.", show_default=False),
]
Count = Annotated[int, typer.Option("--count", min=1, help="Samples that each of the two models draws.")]
Thorough = Annotated[
    Literal["tiny", "small", "full"], typer.Option("--settings", help="How thorough the gate is.")
]
Inspector = Annotated[str, typer.Option("--inspector", help="The gate's inspector.")]
Seeds = Annotated[int, typer.Option("--seeds", min=2, help="Trainings of each arm of the gate.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (retrain, rollback):
        app.command(cls=CommandHelp, epilog=EPILOG)(command)
    group = typer.Typer(cls=GroupHelp, help="When parts are retrained, and by whose word.", epilog=EPILOG)
    group.command("retrain", cls=CommandHelp, epilog=EPILOG)(schedule_retrain)
    group.command("show", cls=CommandHelp, epilog=EPILOG)(schedule_show)
    group.command("off", cls=CommandHelp, epilog=EPILOG)(schedule_off)
    group.command("run", cls=CommandHelp, epilog=EPILOG)(schedule_run)
    app.add_typer(group, name="schedule")


def retrain(
    part: Part = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A folder or zip to ingest first.", show_default=False)
    ] = None,
    recipe: Recipe = "",
    budget: Budget = None,
    count: Count = 200,
    settings: Thorough = "small",
    inspector: Inspector = "segmentation",
    seeds: Seeds = 3,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune the champion, judge the new model on the same hold-out, and promote it only if it passes.

    A retraining that was stopped goes on where it was. Ends with 4 when the champion is kept.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import retrain as job

        options = _options(recipe, budget, count, settings, inspector, seeds)
        with writing(session, name, "retrain"):
            report = job.run(
                session.work,
                name,
                data=data,
                options=options,
                started_by=who(None),
                progress=session.progress,
            )
    show(report, as_json=as_json)
    if report.outcome != "promoted":
        raise typer.Exit(NOT_PROMOTED)


def rollback(part: Part = None, by: By = None, home: Home = None, as_json: AsJson = False) -> None:
    """Make the champion of before the champion again, in the registry and in MLflow."""
    with open_session({"home": home}, quiet=True) as session:
        name = session.part(part)
        from pipelines.operation import promotion as job

        with writing(session, name, "rollback"):
            report = job.rollback(session.work, name, actor=who(by))
    show(report, as_json=as_json)


def schedule_retrain(
    part: Part = None,
    cron: Annotated[
        str | None,
        typer.Option("--cron", help="Minute, hour, day, month, day of the week.", show_default=False),
    ] = None,
    trigger: Annotated[
        str, typer.Option("--trigger", help="drift, approvals, new-data; with commas.", show_default=False)
    ] = "",
    timezone: Annotated[str, typer.Option("--timezone", help="Whose clock the cron means.")] = "UTC",
    by: By = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Set when a part is retrained; kept with the name of who set it."""
    with open_session({"home": home}, quiet=True) as session:
        name = session.part(part)
        from pipelines import schedule as job

        triggers = [word.strip() for word in trigger.split(",") if word.strip()]
        report = job.set_policy(
            session.work, name, cron=cron, timezone=timezone, triggers=triggers, set_by=who(by)
        )
    show(report, as_json=as_json)


def schedule_show(part: Part = None, home: Home = None, as_json: AsJson = False) -> None:
    """Show a part's policy, what is due, and what came of earlier retrainings."""
    with open_session({"home": home}, quiet=True) as session:
        name = session.part(part)
        from pipelines import schedule as job

        report = job.show(session.work, name)
    show(report, as_json=as_json)


def schedule_off(part: Part = None, by: By = None, home: Home = None, as_json: AsJson = False) -> None:
    """Start nothing by itself any more; the policy stays to be seen."""
    with open_session({"home": home}, quiet=True) as session:
        name = session.part(part)
        from pipelines import schedule as job

        report = job.switch_off(session.work, name, set_by=who(by))
    show(report, as_json=as_json)


def schedule_run(
    recipe: Recipe = "",
    budget: Budget = None,
    count: Count = 200,
    settings: Thorough = "small",
    inspector: Inspector = "segmentation",
    seeds: Seeds = 3,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Start what is due now, of all parts, one after the other, for a timer of the system.

    However many moments were missed, each part is retrained once.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        from pipelines import retrain as job
        from pipelines.schedule import due_now

        options = _options(recipe, budget, count, settings, inspector, seeds)
        for due in due_now(session.work):
            session.progress.say(f"{due.part}: {due.cause}")
            with writing(session, due.part, "retrain"):
                report = job.run(
                    session.work,
                    due.part,
                    options=options,
                    cause=due.cause,
                    due_at=due.due_at,
                    started_by="schedule",
                    progress=session.progress,
                )
            show(report, as_json=as_json)


def _options(
    recipe: str, budget: str | None, count: int, settings: str, inspector: str, seeds: int
) -> RetrainOptions:
    from pipelines.operation.retrain_steps import RetrainOptions

    return RetrainOptions(
        recipe=recipe,
        budget_s=None if budget is None else seconds(budget),
        count=count,
        settings=settings,
        inspector=inspector,
        seeds=seeds,
    )


def who(named: str | None) -> str:
    """Whose word it is: the one named, else this login, else the process's owner by number."""
    if named:
        return named
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown user"
