"""`factory-gen bench speed`: images per second on this machine, and against whom."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Model, Part, Quiet, Seed, Threads
from pipelines.commands.output import show, to_json
from pipelines.commands.session import open_session


def register(group: typer.Typer) -> None:
    """Adds the command to `factory-gen bench`."""
    group.command("speed", cls=CommandHelp, epilog=EPILOG)(speed)


def speed(
    part: Part = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer repeats and a shorter way.")] = False,
    images: Annotated[
        int | None,
        typer.Option(
            "--images",
            min=1,
            help="Images of the growth by number, however long; 4096, or 64, in limited time.",
            show_default=False,
        ),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers/--no-peers", help="Time the networks of published generators, too.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the result as JSON.", show_default=False)
    ] = None,
    model: Model = None,
    seed: Seed = 0,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure images per second, stages, growth, memory and peers.

    What is generated for it is thrown away. Nothing else should run on the machine meanwhile.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines.bench import speed as job
        from pipelines.bench.speed_plan import QUICK, SpeedPlan
        from pipelines.bench.speed_summary import summary

        plan = QUICK if quick else SpeedPlan()
        if images is not None:
            plan = replace(plan, images=images, images_s=float("inf"))
        if not peers:
            plan = replace(plan, peer_steps=0)
        report = job.run(
            session.work,
            name,
            plan=plan,
            model=model,
            seed=seed,
            command=shlex.join(["factory-gen", *sys.argv[1:]]),
            progress=session.progress,
        )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(to_json(report) + "\n")
    show(report if as_json else summary(report), as_json=as_json)
