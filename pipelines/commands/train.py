"""`factory-gen train` and `measure`: all trained parts of a generator from one recipe, and how good they are."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Model, Part, Quiet, Seed, Threads
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing
from pipelines.commands.values import seconds


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(train)
    app.command(cls=CommandHelp, epilog=EPILOG)(measure)


def train(
    part: Part = None,
    recipe: Annotated[str, typer.Option("--recipe", help="tiny, cpu, gpu, or a TOML file.")] = "cpu",
    budget: Annotated[
        str | None,
        typer.Option("--budget", help="Time for all parts together: 20m, 1h30m.", show_default=False),
    ] = None,
    from_model: Annotated[
        str | None, typer.Option("--from", help="Fine-tune this model version or alias.", show_default=False)
    ] = None,
    view: Annotated[
        Literal["window", "whole"],
        typer.Option("--view", help="Native windows, or whole parts made smaller."),
    ] = "window",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the last training broke off.")
    ] = False,
    seed: Seed = 0,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train a generator on a part's own images.

    Autoencoder, prior, flow and latent sampler, one after the other; the result is a model version.
    """
    budget_s = seconds(budget)
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import train as job

        with writing(session, name, "train"):
            report = job.run(
                session.work,
                name,
                recipe=recipe,
                budget_s=budget_s,
                from_model=from_model,
                resume=resume,
                seed=seed,
                view=view,
                progress=session.progress,
            )
    show(report, as_json=as_json)


def measure(
    part: Part = None,
    model: Model = None,
    windows: Annotated[int, typer.Option("--windows", min=32, help="Windows per set.")] = 512,
    seed: Seed = 0,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure a stored model again.

    On the hold-out where there is one: PSNR, calibration of the prior, and KID of each stage. Writes nothing.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        from pipelines import measure as job

        name = session.part(part)
        report = job.run(
            session.work, name, model=model, windows=windows, seed=seed, progress=session.progress
        )
    show(report, as_json=as_json)
