"""`factory-gen gate`: does a synthetic version help an inspector on held-out real defects?"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Model, Part, Quiet, Threads
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing

NOT_PASSED = 4


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(gate)


def gate(
    part: Part = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--version",
            help="The synthetic version; the samples that may go are frozen as one by default.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        Literal["tiny", "small", "full"], typer.Option("--settings", help="How thorough.")
    ] = "small",
    inspector: Annotated[
        str,
        typer.Option("--inspector", help="segmentation, classification, anomaly, linear or command."),
    ] = "segmentation",
    command: Annotated[
        str | None,
        typer.Option(
            "--command", help="Your own inspector's program, with --inspector command.", show_default=False
        ),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=2, help="Trainings of each arm on each split.")] = 3,
    splits: Annotated[int, typer.Option("--splits", min=1, help="How often the validation is dealt.")] = 1,
    shares: Annotated[
        str,
        typer.Option(
            "--shares",
            help="Share per type: auto (chosen on the validation), all, a number in (0,1], or crack=0.5,dent=1.",
        ),
    ] = "auto",
    train_on: Annotated[
        Literal["references", "apart"],
        typer.Option("--train-on", help="The generator's real pictures, or half of the held-out groups."),
    ] = "references",
    references: Annotated[
        int | None,
        typer.Option(
            "--references", min=2, help="Few-shot: real defects per type given.", show_default=False
        ),
    ] = None,
    finish: Annotated[
        float,
        typer.Option(
            "--finish",
            min=0.0,
            max=0.9,
            help="Share of the steps at the end in which our arms show real windows in place of samples.",
        ),
    ] = 0.0,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Do the validation alone: no hold-out is looked at, no verdict given."
        ),
    ] = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="Also the lift for 0.5, 1, 2, 4 samples per real defect.")
    ] = False,
    reject: Annotated[
        float, typer.Option("--reject", min=0.0, max=0.99, help="The plant's limit of good parts rejected.")
    ] = 0.05,
    defect: Annotated[
        str | None, typer.Option("--defect", help="Freeze samples of this type only.", show_default=False)
    ] = None,
    model: Model = None,
    request: Annotated[
        str | None, typer.Option("--request", help="Freeze samples of this request only.", show_default=False)
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes side by side; 0 chooses.")] = 0,
    resume: Annotated[
        bool,
        typer.Option("--resume/--anew", help="Take results that earlier gates left, or train all anew."),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write the report to this file.", show_default=False)
    ] = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train inspectors with and without the samples and compare them on held-out real defects.

    Ends with 0 if the samples help and with 4 if they do not or if it is not proven; a rehearsal ends with 0.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import gate as job
        from pipelines.inspection.options import GateOptions
        from pipelines.inspection.rehearsal import Rehearsal
        from pipelines.inspection.report import plain, summary
        from pipelines.release.version import Wanted

        options = GateOptions(
            settings=settings,
            inspector=inspector,
            command=command,
            seeds=seeds,
            splits=splits,
            shares=shares,
            train_on=train_on,
            references=references,
            finish=finish,
            curve=curve,
            reject=reject,
            workers=workers,
            resume=resume,
        )
        with writing(session, name, "gate"):
            report = (job.rehearse if rehearse else job.run)(
                session.work,
                name,
                version=version,
                wanted=Wanted(request=request, model=model, defect=defect),
                options=options,
                command_line=shlex.join(["factory-gen", *sys.argv[1:]]),
                progress=session.progress,
            )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(plain(report), indent=1) + "\n")
    if isinstance(report, Rehearsal):
        show(report, as_json=as_json)
        return
    show(report if as_json else summary(report), as_json=as_json)
    if report.verdict != "helps":
        raise typer.Exit(NOT_PASSED)
