"""`factory-gen config show`: every setting, its value, and where that came from."""

from __future__ import annotations

import typer

from pipelines.commands.help import EPILOG, CommandHelp, GroupHelp
from pipelines.commands.options import AsJson, Device, Home, Threads
from pipelines.commands.output import stdout_console, table, to_json
from pipelines.settings import load_settings


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    group = typer.Typer(cls=GroupHelp, help="Look at the settings.", epilog=EPILOG)
    group.command("show", cls=CommandHelp, epilog=EPILOG)(show)
    group.callback()(config)
    app.add_typer(group, name="config")


def config() -> None:
    """Look at the settings."""


def show(home: Home = None, device: Device = None, threads: Threads = None, as_json: AsJson = False) -> None:
    """Show every setting and where its value comes from.

    The layers: a flag, the environment, the project's file, the user's file, the default.
    """
    loaded = load_settings({"home": home, "device": device, "threads": threads})
    if as_json:
        print(to_json({name: {"value": value, "origin": origin} for name, value, origin in loaded.rows()}))
    else:
        stdout_console().print(table(("setting", "value", "origin"), loaded.rows()))
