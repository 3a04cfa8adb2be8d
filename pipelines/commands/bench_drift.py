"""`factory-gen bench drift`: which changes the monitor of a part would notice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Part, Quiet, Seed, Threads
from pipelines.commands.output import show, to_json
from pipelines.commands.session import open_session


def register(group: typer.Typer) -> None:
    """Adds the command to `factory-gen bench`."""
    group.command("drift", cls=CommandHelp, epilog=EPILOG)(drift)


def drift(
    part: Part = None,
    draws: Annotated[int, typer.Option("--draws", min=1, help="How often pictures are taken out.")] = 40,
    window: Annotated[
        int | None,
        typer.Option(
            "--window",
            min=8,
            help="Pictures per window; 100, or a fifth of a small catalogue.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the result as JSON.", show_default=False)
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure which changes of light, focus, direction and texture the monitor of a part would notice.

    Good pictures are taken out of the catalogue, changed, and judged against the rest. Nothing is stored.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines.bench import drift as job

        report = job.run(session.work, name, draws=draws, window=window, seed=seed, progress=session.progress)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(to_json(report) + "\n")
    show(report, as_json=as_json)
