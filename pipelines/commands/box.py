"""`factory-gen up`, `down`, `health`: the services of this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Home
from pipelines.commands.output import show
from pipelines.commands.session import settings_of
from pipelines.commands.ui import Open

NOT_HEALTHY = 10
EnginePort = Annotated[int, typer.Option("--engine-port", help="Port of the job engine.")]
TrackingPort = Annotated[int, typer.Option("--tracking-port", help="Port of MLflow; 0 leaves it out.")]
PagesPort = Annotated[int, typer.Option("--pages-port", help="Port of the pages; 0 leaves them out.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (up, down, health):
        app.command(cls=CommandHelp, epilog=EPILOG)(command)


def up(
    engine_port: EnginePort = 4200,
    tracking_port: TrackingPort = 5000,
    pages_port: PagesPort = 8501,
    gpus: Annotated[
        int | None,
        typer.Option("--gpus", min=0, help="GPUs that get a worker; all by default.", show_default=False),
    ] = None,
    open_: Open = False,
    within: Annotated[int, typer.Option("--within", min=1, help="Seconds until all must answer.")] = 120,
    home: Home = None,
) -> None:
    """Start the job engine, the workers, MLflow and the pages, and keep them running.

    All listen on this machine's loopback address alone. Ctrl+C stops them. Who opens the pages has to log in; the first
    admin is made with `factory-gen user add NAME --role admin`.
    """
    settings = settings_of(home=home)
    from pipelines.engine import box
    from pipelines.engine.services import Ports

    ports = Ports(engine=engine_port, tracking=tracking_port or None, pages=pages_port or None)
    box.up(
        settings,
        ports=ports,
        gpus=gpus,
        healthy_within_s=within,
        open_pages=open_,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )


def down(home: Home = None, as_json: AsJson = False) -> None:
    """Stop what `up` has started under this home."""
    settings = settings_of(home=home)
    from pipelines.engine import box

    show(box.down(settings), as_json=as_json)


def health(home: Home = None, as_json: AsJson = False) -> None:
    """Ask every service whether it is well.

    Ends with 0 if all are and with 10 if not.
    """
    settings = settings_of(home=home)
    from pipelines.engine import health as job

    found = job.health(settings)
    show(found, as_json=as_json)
    if not found.healthy:
        raise typer.Exit(NOT_HEALTHY)
