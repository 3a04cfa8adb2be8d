"""`factory-gen demo`: the whole job on a plant that the program draws itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.help import EPILOG, CommandHelp
from pipelines.commands.options import AsJson, Device, Home, Quiet, Seed, Threads
from pipelines.commands.output import show
from pipelines.commands.session import open_session
from pipelines.settings import load_settings

DEMO_FOLDER = Path("demo_out")


def register(app: typer.Typer) -> None:
    """Adds the command of this file."""
    app.command(cls=CommandHelp, epilog=EPILOG)(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help="The folder for pictures and exports.")] = DEMO_FOLDER,
    seed: Seed = 0,
    device: Device = None,
    threads: Threads = None,
    home: Home = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Do the whole job on a plant that is drawn for it.

    Draws, ingests, trains, generates, audits and exports; at most 8 minutes on two cores. Unless a home is set, the
    demo's registry and model lie in OUT/home.
    """
    flags = {"home": home or _home_of_its_own(out), "device": device, "threads": threads}
    with open_session(flags, quiet=quiet) as session:
        from pipelines import demo as job

        report = job.run(session.work, out, seed=seed, progress=session.progress)
    show(report, as_json=as_json)


def _home_of_its_own(out: Path) -> Path | None:
    """OUT/home, so that a trial leaves the user's own registry alone; None when a home was chosen."""
    return out / "home" if load_settings({}).origins["home"] == "default" else None
