"""`factory-gen bench pages`: how the dashboard answers with very many samples and many visitors."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Home, Part, Quiet
from pipelines.commands.session import open_session
from pipelines.settings import as_environment, child_environment


def register(group: typer.Typer) -> None:
    """Adds the command to `factory-gen bench`."""
    group.command("pages", cls=CommandHelp, epilog=EPILOG)(pages)


def pages(
    part: Part = None,
    samples: Annotated[
        int | None,
        typer.Option("--samples", min=1_000, help="How many to add; 100,000.", show_default=False),
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option(
            "--sessions", min=5, help="Visitors at once; 20, five of them review.", show_default=False
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=10, help="How long they stay; 300.", show_default=False)
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few of everything, in two minutes.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the result as JSON.", show_default=False)
    ] = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure the pages: first page, page change, review keys, preview, twenty visitors, memory.

    It serves a throw-away copy of the home with many samples added to the part, which needs a model and some samples.
    Nothing else should run on the machine meanwhile. Exit code 4 when a target is missed.
    """
    with open_session({"home": home}, quiet=True) as session:
        name, settings = session.part(part), session.settings
    # the pages are another program: jobs know no pages
    words = ["--part", name, "--command", shlex.join(["factory-gen", *sys.argv[1:]])]
    for option, value in (
        ("--samples", samples),
        ("--sessions", sessions),
        ("--seconds", seconds),
        ("--out", out),
    ):
        words += [] if value is None else [option, str(value)]
    for option, wanted in (("--quick", quick), ("--quiet", quiet), ("--json", as_json)):
        words += [option] if wanted else []
    environment = child_environment(as_environment(settings))
    os.execve(sys.executable, [sys.executable, "-P", "-m", "ui.bench", *words], environment)
