"""`factory-gen score`: how good the samples are, one by one and as a set."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Part, Quiet, Seed, Threads
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(score)


def score(
    part: Part = None,
    request: Annotated[
        str | None, typer.Option("--request", help="Only the samples of this request.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Only the samples of this model.", show_default=False)
    ] = None,
    limits: Annotated[
        str, typer.Option("--limits", help="learned, off, or a TOML file of changes.")
    ] = "learned",
    seed: Seed = 0,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Score stored samples against real defects.

    Visibility, seam, grain, distance to the nearest real defect, type and mask, each with a limit that real defects
    have taught; and the set's distance to real defects, coverage and variety. Scores are stored with the samples.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import score as job

        with writing(session, name, "score"):
            report = job.run(
                session.work,
                name,
                request=request,
                model=model,
                limits=limits,
                seed=seed,
                progress=session.progress,
            )
    show(report, as_json=as_json)
