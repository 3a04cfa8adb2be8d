"""`factory-gen bench kills`: does a job that was killed with -9 end as if nothing had happened?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Quiet, Seed
from pipelines.commands.output import show, to_json
from pipelines.commands.session import settings_of, shown_progress

NOT_CLEAN = 4


def register(group: typer.Typer) -> None:
    """Adds the command to `factory-gen bench`."""
    group.command("kills", cls=CommandHelp, epilog=EPILOG)(kills)


def kills(
    kills: Annotated[int, typer.Option("--kills", min=1, help="How many kills in all.")] = 200,
    job: Annotated[
        list[str] | None,
        typer.Option("--job", help="Only this kind of job; may be given again.", show_default=False),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Work here and keep what is left, to look at.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for kills.md and kills.json.", show_default=False)
    ] = None,
    seed: Seed = 0,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Kill jobs with -9 on a small drawn plant, start them again, and compare what is left.

    Exit code 4 when a row was lost or doubled, or `verify` found anything.
    """
    settings_of()
    from pipelines.kill_study import study
    from pipelines.kill_study.report import page

    with shown_progress(quiet) as progress:
        report = study.run(
            kills=kills,
            seed=seed,
            only=tuple(job or ()),
            folder=folder,
            command=shlex.join(["factory-gen", *sys.argv[1:]]),
            progress=progress,
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "kills.json").write_text(to_json(report) + "\n")
        (out / "kills.md").write_text(page(report))
    show(report, as_json=as_json)
    if report.clean < report.kills:
        raise typer.Exit(NOT_CLEAN)
