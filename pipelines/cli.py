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

from pipelines import (
    cli_bench,
    cli_box,
    cli_config,
    cli_data,
    cli_demo,
    cli_export,
    cli_gate,
    cli_generate,
    cli_jobs,
    cli_kpi,
    cli_monitor,
    cli_schedule,
    cli_score,
    cli_train,
    cli_ui,
    cli_user,
    cli_versions,
)
from pipelines.cli_errors import INTERRUPTED, report
from pipelines.cli_help import EPILOG, GroupHelp
from pipelines.cli_session import logs_dir

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
        The exit code, as documented in `pipelines.cli_help.EXIT_CODES`.
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
