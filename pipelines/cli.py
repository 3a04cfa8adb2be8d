"""The command line: `factory-gen`. Each command reads its options, calls one job and shows its report.

Data goes to stdout, progress and errors to stderr. Heavy libraries are imported inside the commands, so that help
and small commands answer at once.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pipelines.commands import bench as cli_bench
from pipelines.commands import box as cli_box
from pipelines.commands import config as cli_config
from pipelines.commands import data as cli_data
from pipelines.commands import demo as cli_demo
from pipelines.commands import export as cli_export
from pipelines.commands import gate as cli_gate
from pipelines.commands import generate as cli_generate
from pipelines.commands import jobs as cli_jobs
from pipelines.commands import kpi as cli_kpi
from pipelines.commands import monitor as cli_monitor
from pipelines.commands import schedule as cli_schedule
from pipelines.commands import score as cli_score
from pipelines.commands import train as cli_train
from pipelines.commands import ui as cli_ui
from pipelines.commands import user as cli_user
from pipelines.commands import versions as cli_versions
from pipelines.commands.errors import INTERRUPTED, report
from pipelines.commands.help import EPILOG, GroupHelp
from pipelines.commands.session import logs_dir

app = typer.Typer(
    name="factory-gen",
    cls=GroupHelp,
    help="Learns one plant's part images and makes defect images with exact pixel masks.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(version("factory-gen"))
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Learns one plant's part images and makes defect images with exact pixel masks."""


for module in (
    cli_demo,
    cli_data,
    cli_train,
    cli_generate,
    cli_score,
    cli_gate,
    cli_export,
    cli_kpi,
    cli_monitor,
    cli_schedule,
    cli_versions,
    cli_box,
    cli_ui,
    cli_user,
    cli_jobs,
    cli_config,
    cli_bench,
):
    module.register(app)


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: what follows the program's name; `sys.argv` by default.

    Returns:
        The exit code, as documented in `pipelines.commands.help.EXIT_CODES`.
    """
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    as_json = "--json" in arguments
    try:
        outcome = typer.main.get_command(app).main(arguments, prog_name="factory-gen", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as stop:  # typer turns a broken pipe into one
        if isinstance(stop.__context__, BrokenPipeError):
            return _reader_left()
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the one edge where everything is caught
        return report(error, as_json=as_json, logs_dir=logs_dir())
    if outcome == INTERRUPTED:
        return report(KeyboardInterrupt(), as_json=as_json, logs_dir=None)
    return outcome if isinstance(outcome, int) else 0


def _reader_left() -> int:
    # the reader went away (`| head`); keep Python from writing to it once more at exit
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
