"""`factory-gen generate`, `generate-good`, `inpaint` and `interpolate`: pictures from a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import (
    AsJson,
    Device,
    DryRun,
    Guidance,
    Home,
    Model,
    Part,
    Quiet,
    Seed,
    Solver,
    Steps,
    Strength,
    Threads,
)
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing

Out = Annotated[Path, typer.Option("--out", help="The folder to write to.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(generate)
    app.command("generate-good", cls=CommandHelp, epilog=EPILOG)(generate_good)
    app.command(cls=CommandHelp, epilog=EPILOG)(inpaint)
    app.command(cls=CommandHelp, epilog=EPILOG)(interpolate)


def generate(
    part: Part = None,
    defect: Annotated[
        str | None,
        typer.Option("--defect", help="The defect type; all in turn when left out.", show_default=False),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many samples.")] = 16,
    seed: Seed = 0,
    model: Model = None,
    steps: Steps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    codes: Annotated[
        str | None,
        typer.Option(
            "--codes",
            help="Where z comes from: auto, sampler, reference, mix, perturb; or paste, a pasted real defect.",
            show_default=False,
        ),
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option("--candidates", min=1, help="Codes tried per defect.", show_default=False),
    ] = None,
    keep: Annotated[
        float | None,
        typer.Option(
            "--keep",
            help="With --codes paste: how much of the real defect stays, 0 to 1.",
            show_default=False,
        ),
    ] = None,
    strength: Strength = None,
    placement: Annotated[
        Literal["learned", "region", "free"], typer.Option("--placement", help="Where defects may sit.")
    ] = "learned",
    feather: Annotated[
        float | None,
        typer.Option(
            "--feather", min=0.0, help="Pixels of blend inside the mask's edge.", show_default=False
        ),
    ] = None,
    overdraw: Annotated[
        int | None,
        typer.Option(
            "--overdraw",
            min=0,
            help="Draw so many pixels wider than the mask, and cut off with it.",
            show_default=False,
        ),
    ] = None,
    trim: Annotated[
        bool | None,
        typer.Option(
            "--trim/--no-trim",
            help="Cut masks to the pixels that really changed; for parts of flat colours.",
            show_default=False,
        ),
    ] = None,
    hardest_of: Annotated[
        int,
        typer.Option(
            "--hardest-of", min=1, help="Of so many drafts keep the one that an inspector finds hardest."
        ),
    ] = 1,
    limits: Annotated[
        str,
        typer.Option("--limits", help="For the scores: learned, off, or a TOML file of changes."),
    ] = "learned",
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Also draw a contact sheet to this PNG.", show_default=False),
    ] = None,
    dry_run: DryRun = False,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make defects with exact masks, audited and stored.

    The same request again goes on where it stopped, and gives the same bytes.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import generate as job

        with writing(session, name, "generate"):
            report = job.run(
                session.work,
                name,
                defect=defect,
                count=count,
                seed=seed,
                model=model,
                steps=steps,
                solver=solver,
                guidance=guidance,
                codes=codes,
                candidates=candidates,
                keep=keep,
                feather=feather,
                overdraw=overdraw,
                trim=trim,
                placement=placement,
                strength=strength,
                limits=limits,
                hardest_of=hardest_of,
                sheet=sheet,
                dry_run=dry_run,
                progress=session.progress,
            )
    show(report, as_json=as_json)


def generate_good(
    out: Out,
    part: Part = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many pictures.")] = 16,
    seed: Seed = 0,
    model: Model = None,
    steps: Steps = None,
    solver: Solver = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make good windows without a source picture.

    Whole parts instead, with a model that was trained with `--view whole`.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import generate_good as job

        report = job.run(
            session.work,
            name,
            count=count,
            seed=seed,
            model=model,
            steps=steps,
            solver=solver,
            out=out,
            progress=session.progress,
        )
    show(report, as_json=as_json)


def inpaint(
    image: Annotated[Path, typer.Argument(help="A picture of the part.", show_default=False)],
    mask: Annotated[
        Path, typer.Option("--mask", help="Its mask: white where the defect goes.", show_default=False)
    ],
    defect: Annotated[str, typer.Option("--defect", help="The defect type.", show_default=False)],
    out: Out,
    part: Part = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many variants.")] = 1,
    seed: Seed = 0,
    model: Model = None,
    steps: Steps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    strength: Strength = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Put a defect into a mask that you draw.

    Every pixel outside the mask stays as it is, bit for bit.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import inpaint as job

        report = job.run(
            session.work,
            name,
            image,
            mask,
            defect,
            seed=seed,
            count=count,
            model=model,
            steps=steps,
            solver=solver,
            guidance=guidance,
            strength=strength,
            out=out,
            progress=session.progress,
        )
    show(report, as_json=as_json)


def interpolate(
    first: Annotated[str, typer.Argument(help="A picture; or source:ID or sample:ID.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    out: Out,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Pictures on the way, ends included.")] = 8,
    part: Part = None,
    seed: Seed = 0,
    model: Model = None,
    steps: Steps = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Walk from one picture to another.

    Through the prior's code, with the noise held fixed.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import interpolate as job

        report = job.run(
            session.work,
            name,
            first,
            second,
            frames=frames,
            seed=seed,
            model=model,
            steps=steps,
            out=out,
            progress=session.progress,
        )
    show(report, as_json=as_json)
