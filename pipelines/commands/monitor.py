"""`factory-gen monitor` and `watch`: are the pictures that come in still like those that the champion knows?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Part, Quiet, Threads
from pipelines.commands.output import show
from pipelines.commands.session import Session, open_session, writing

ALARM = 4
Window = Annotated[
    int | None,
    typer.Option(
        "--window",
        min=8,
        help="Pictures per window; 100, or a third of a small catalogue.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    for command in (monitor, watch):
        app.command(cls=CommandHelp, epilog=EPILOG)(command)


def monitor(
    folder: Annotated[
        Path | None, typer.Argument(help="Good pictures; new ones of the catalogue if left out.")
    ] = None,
    part: Part = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="Only catalogue pictures since this date, such as 2026-05-01.", show_default=False
        ),
    ] = None,
    window: Window = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Judge incoming good pictures in windows: light, sharpness, direction, the model's own view, and features.

    Ends with 4 when two windows in a row raise an alarm: each over its limit, or both together.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import monitor as job
        from pipelines.operation.monitor_pictures import choose_source

        source = choose_source(folder, since)
        with writing(session, name, "monitor"):
            report = job.run(
                session.work,
                name,
                folder=source.folder,
                since=source.since,
                window=window,
                progress=session.progress,
            )
    show(report, as_json=as_json)
    if report.alarm:
        raise typer.Exit(ALARM)


def watch(
    folder: Annotated[
        Path, typer.Argument(help="Where a camera drops pictures of good parts.", show_default=False)
    ],
    part: Part = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end, for a timer.")] = False,
    every: Annotated[float, typer.Option("--every", min=1.0, help="Seconds between two looks.")] = 60.0,
    window: Window = None,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Take in good pictures that appear in a folder, each once, and judge them for drift.

    The files are only read. A file that is still being written is left for the next look.
    """
    with open_session({"home": home, "device": device, "threads": threads}, quiet=quiet) as session:
        name = session.part(part)
        from pipelines import watch as job

        for number, report in enumerate(
            job.looks(
                session.work, folder, name, window=window, progress=session.progress, hold=_hold(session)
            )
        ):
            if report.taken or once or number == 0:
                show(report, as_json=as_json)
            if once:
                break
            job.wait(every)


def _hold(session: Session) -> Callable[[str], AbstractContextManager[None]]:
    return lambda part: writing(session, part, "watch")
