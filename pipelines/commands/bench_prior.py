"""`factory-gen bench prior`: the learned prior against its baselines."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Part, Quiet, Threads
from pipelines.commands.output import show
from pipelines.commands.session import open_session
from pipelines.commands.values import seconds


def register(group: typer.Typer) -> None:
    """Adds the command to `factory-gen bench`."""
    group.command("prior", cls=CommandHelp, epilog=EPILOG)(prior)


def prior(
    part: Part = None,
    budget: Annotated[str, typer.Option("--budget", help="Training time per arm and seed.")] = "20m",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Trainings per arm.")] = 3,
    arms: Annotated[
        str | None, typer.Option("--arms", help="Some of them, with commas between.", show_default=False)
    ] = None,
    windows: Annotated[
        int | None,
        typer.Option("--windows", min=32, help="Held-out windows per set and split.", show_default=False),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="TOML file with other settings of the bench.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for prior_PART.json and the plot.", show_default=False),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw earlier results away first.")] = False,
    home: Home = None,
    device: Device = None,
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train learned prior and baselines; compare quality, calls, time.

    A bench that was stopped goes on where it was when the same command is given again.
    """
    budget_s = seconds(budget)
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines.bench import prior as job
        from pipelines.bench.prior_plan import load_plan
        from pipelines.bench.prior_plot import draw_plot
        from pipelines.bench.prior_report import compact, summary

        changes = {
            "budget_s": budget_s,
            "device": session.settings.device,
            "arms": tuple(arm.strip() for arm in arms.split(",")) if arms else None,
            "count": windows,
        }
        report = job.run(
            session.work,
            name,
            plan=load_plan(plan, **changes),
            seeds=seeds,
            fresh=fresh,
            command=shlex.join(["factory-gen", *sys.argv[1:]]),
            progress=session.progress,
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"prior_{name}.json").write_text(compact(report) + "\n")
        draw_plot(report, out / f"prior_{name}.png")
    show(report if as_json else summary(report), as_json=as_json)
