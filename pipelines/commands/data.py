"""`factory-gen ingest`, `status` and `verify`: what is in the registry, and whether it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, DryRun, Home, Part, Quiet
from pipelines.commands.output import show
from pipelines.commands.session import open_session, writing

UNSOUND = 7


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (ingest, status, verify):
        app.command(cls=CommandHelp, epilog=EPILOG)(command)


def ingest(
    source: Annotated[Path, typer.Argument(help="A folder or a zip of part images.", show_default=False)],
    part: Part = None,
    layout: Annotated[str, typer.Option("--layout", help="auto, mvtec, coco, anomalib or ok_ng.")] = "auto",
    groups: Annotated[
        Path | None,
        typer.Option(
            "--groups", help="CSV: image, group; groups.csv in the folder by default.", show_default=False
        ),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option("--group-column", help="Its group column, if not `group`.", show_default=False),
    ] = None,
    group_pattern: Annotated[
        str | None,
        typer.Option(
            "--group-pattern",
            help="Regular expression for file names; its first bracket is the group.",
            show_default=False,
        ),
    ] = None,
    look_alikes: Annotated[
        bool, typer.Option("--look-alikes/--no-look-alikes", help="Without groups, put look-alikes into one.")
    ] = True,
    mm_per_pixel: Annotated[
        float | None, typer.Option("--mm-per-pixel", help="Size of a pixel.", show_default=False)
    ] = None,
    bit_depth: Annotated[
        int | None, typer.Option("--bit-depth", help="Significant bits of 16-bit files.", show_default=False)
    ] = None,
    generator_share: Annotated[
        float, typer.Option("--generator-share", help="Share of each type's groups for the generator.")
    ] = 1 / 3,
    good_share: Annotated[
        float, typer.Option("--good-share", help="Share of the good groups for the generator.")
    ] = 2 / 3,
    mask_threshold: Annotated[
        int | None,
        typer.Option(
            "--mask-threshold", help="From this grey on, a soft mask is defect.", show_default=False
        ),
    ] = None,
    join_masks: Annotated[
        bool, typer.Option("--join-masks", help="Join several masks of one picture.")
    ] = False,
    max_refused: Annotated[int, typer.Option("--max-refused", help="Refuse all when more files are.")] = 1000,
    dry_run: DryRun = False,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Take in a folder or zip of part images.

    Says what it found and what it refuses, and why, before anything is written.
    """
    from pipelines.intake.options import IngestOptions

    options = IngestOptions(
        layout=layout,
        groups_file=groups,
        group_column=group_column,
        group_pattern=group_pattern,
        look_alikes=look_alikes,
        mm_per_pixel=mm_per_pixel,
        bit_depth=bit_depth,
        generator_share=generator_share,
        good_share=good_share,
        mask_threshold=mask_threshold,
        join_masks=join_masks,
        max_refused=max_refused,
    )
    with open_session({"home": home}, quiet=quiet) as session:
        name = session.part(part, new=True)
        from pipelines import ingest as job

        with writing(session, name, "ingest"):
            report = job.run(
                session.work, source, name, options=options, dry_run=dry_run, progress=session.progress
            )
    show(report, as_json=as_json)


def status(part: Part = None, home: Home = None, as_json: AsJson = False) -> None:
    """Say what is stored, for one part or all.

    Images, masks, groups, models, samples and exports.
    """
    with open_session({"home": home}, quiet=True) as session:
        from pipelines import status as job

        report = job.run(session.work, part or session.settings.part or None)
    show(report, as_json=as_json)


def verify(
    sample_bytes: Annotated[
        float,
        typer.Option("--sample-bytes", min=0.0, max=1.0, help="The share of the stored bytes to re-hash."),
    ] = 1.0,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Re-hash the stored bytes and say what is wrong.

    Compares them with the registry and changes nothing. Exit code 7 when something is wrong.
    """
    with open_session({"home": home}, quiet=quiet) as session:
        from pipelines import verify as job

        report = job.run(session.work, sample_bytes=sample_bytes, progress=session.progress)
    show(report, as_json=as_json)
    if not report.ok:
        raise typer.Exit(UNSOUND)
