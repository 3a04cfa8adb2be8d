"""`factory-gen kpi`: speed, quality and money of a part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Home, Part, Quiet, Seed
from pipelines.commands.output import show
from pipelines.commands.session import open_session


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(kpi)


def kpi(
    part: Part = None,
    inputs: Annotated[
        Path | None,
        typer.Option("--inputs", help="TOML file with the plant's own figures.", show_default=False),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(
            "--currency", help="Show money in it; the inputs' own when left out.", show_default=False
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="How much of it one unit of the inputs is worth.", show_default=False),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write the page to this file.", show_default=False)
    ] = None,
    seed: Seed = 0,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Say how fast, how good and how profitable the samples are.

    Seconds per kept image, the share that people approved, the gate's verdict, and the benefit per month with its
    interval. Changed figures are kept and logged.
    """
    with open_session({"home": home}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import kpi as job
        from pipelines.figures.kpi_report import summary

        report = job.run(
            session.work,
            name,
            inputs=inputs,
            currency=currency,
            rate=rate,
            html=html,
            seed=seed,
            progress=session.progress,
        )
        shown = report if as_json else summary(report)
    show(shown, as_json=as_json)
