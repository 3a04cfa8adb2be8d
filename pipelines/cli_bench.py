"""`factory-gen bench registry`: how the registry behaves with a million rows."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_help import EPILOG, CommandHelp, GroupHelp
from pipelines.cli_options import AsJson, Home, Quiet


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(cls=GroupHelp, help="Measure this machine.", epilog=EPILOG)
    group.command("registry", cls=CommandHelp, epilog=EPILOG)(registry)
    group.callback()(bench)
    app.add_typer(group, name="bench")


def bench() -> None:
    """Measure this machine."""


def registry(
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many source images to write.")] = 1_000_000,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fill a throw-away registry; measure pages and memory."""
