"""`factory-gen export`: samples as a data set that an inspection trainer reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, DryRun, Home, Model, Part, Quiet
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(export)


def export(
    out: Annotated[Path, typer.Option("--out", help="The folder to make.", show_default=False)],
    format: Annotated[str, typer.Option("--format", help="mvtec, coco, yolo or anomalib.")] = "mvtec",
    part: Part = None,
    defect: Annotated[
        str | None, typer.Option("--defect", help="Only this defect type.", show_default=False)
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", help="Only the samples of this request.", show_default=False)
    ] = None,
    model: Model = None,
    version: Annotated[
        int | None,
        typer.Option("--version", help="This frozen synthetic version, as it was.", show_default=False),
    ] = None,
    override: Annotated[
        str | None,
        typer.Option(
            "--override", help="The reason for going on where a check forbids it.", show_default=False
        ),
    ] = None,
    with_good: Annotated[
        Literal["sources", "none"] | None,
        typer.Option("--with-good", help="Real good pictures beside them; the format's habit by default."),
    ] = None,
    dry_run: DryRun = False,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write the samples as a data set and read it back.

    Each mask is compared with the stored one; what a format cannot hold is reported.
    """
    with open_session({"home": home}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import export as job

        with writing(session, name, "export"):
            report = job.run(
                session.work,
                name,
                format=format,
                out=out,
                request=request,
                model=model,
                defect=defect,
                version=version,
                override=override,
                with_good=with_good,
                dry_run=dry_run,
                progress=session.progress,
            )
    show(report, as_json=as_json)
