"""`factory-gen bench gate`: would the gate let a harmful set, or no difference at all, pass for a help?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Part, Quiet, Seed, Threads
from pipelines.commands.output import show, to_json
from pipelines.commands.session import open_session

NOT_TRUSTED = 4


def register(group: typer.Typer) -> None:
    """Adds the command to `factory-gen bench`."""
    group.command("gate", cls=CommandHelp, epilog=EPILOG)(gate)


def gate(
    part: Part = None,
    inspector: Annotated[
        str, typer.Option("--inspector", help="One that scores pixels: linear, segmentation or anomaly.")
    ] = "linear",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Of each training.")] = 40,
    seeds: Annotated[int, typer.Option("--seeds", min=2, help="Trainings per arm.")] = 3,
    repeats: Annotated[int, typer.Option("--repeats", min=0, help="Of two equal arms.")] = 20,
    samples: Annotated[int, typer.Option("--samples", min=1, help="In each set made to harm.")] = 120,
    window: Annotated[int, typer.Option("--window", min=32, help="Side of a window in pixels.")] = 128,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write the report to this file.", show_default=False)
    ] = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Try to fool the gate: shuffled masks, invisible defects, defects off the part, two equal arms.

    Exit code 4 when a set made to harm is called a help, or more than a tenth of the equal arms.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines.bench import gate as job

        how = job.GateTrust(
            inspector=inspector,
            steps=steps,
            seeds=seeds,
            repeats=repeats,
            samples=samples,
            window=window,
            seed=seed,
        )
        report = job.run(
            session.work,
            name,
            how,
            command=shlex.join(["factory-gen", *sys.argv[1:]]),
            progress=session.progress,
        )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(to_json(report) + "\n")
    show(report, as_json=as_json)
    if not report.passed:
        raise typer.Exit(NOT_TRUSTED)
