"""`factory-gen bench registry`: how the registry behaves with a million rows."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands import bench_drift as cli_bench_drift
from pipelines.commands import bench_gate as cli_bench_gate
from pipelines.commands import bench_kills as cli_bench_kills
from pipelines.commands import bench_pages as cli_bench_pages
from pipelines.commands import bench_prior as cli_bench_prior
from pipelines.commands import bench_speed as cli_bench_speed
from pipelines.commands.help import EPILOG, CommandHelp, GroupHelp
from pipelines.commands.options import AsJson, Quiet
from pipelines.commands.output import show
from pipelines.commands.session import settings_of, shown_progress

TARGET_MISSED = 4


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(cls=GroupHelp, help="Measure this machine.", epilog=EPILOG)
    group.command("registry", cls=CommandHelp, epilog=EPILOG)(registry)
    cli_bench_drift.register(group)
    cli_bench_gate.register(group)
    cli_bench_prior.register(group)
    cli_bench_speed.register(group)
    cli_bench_kills.register(group)
    cli_bench_pages.register(group)
    group.callback()(bench)
    app.add_typer(group, name="bench")


def bench() -> None:
    """Measure this machine."""


def registry(
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many source images to write.")] = 1_000_000,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", help="An empty registry to fill; a throw-away one by default.", show_default=False
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fill a throw-away registry; measure pages and memory.

    Exit code 4 when a target is missed.
    """
    settings_of()
    from pipelines.bench import registry as job

    with shown_progress(quiet) as progress:
        report = job.run(rows, url, progress)
    show(report, as_json=as_json)
    if not report.reached:
        raise typer.Exit(TARGET_MISSED)
