"""The one place where a failure becomes what the user sees: a message with a next step, and an exit code."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from data_registry.errors import RegistryError
from factory_gen.errors import FactoryGenError, UsageError
from pipelines.errors import from_os_error

INTERRUPTED = 130


def report(error: BaseException, *, as_json: bool, logs_dir: Path | None) -> int:
    """Writes what went wrong to stderr and returns the exit code.

    Args:
        error: what a command raised.
        as_json: one JSON object instead of a box.
        logs_dir: where the report of an unexpected failure is stored; the temporary folder when it is None.
    """
    if isinstance(error, KeyboardInterrupt):
        return _show_interrupt(as_json)
    if isinstance(error, typer.Abort):
        return _show_interrupt(as_json)
    if isinstance(error, typer.TyperException):
        error = _usage(error)
    if isinstance(error, OSError):
        error = from_os_error(error) or error
    if not isinstance(error, FactoryGenError | RegistryError):
        error = _unexpected(error, logs_dir)
    _show(error, as_json)
    return error.exit_code


def _usage(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "factory-gen"
    return UsageError(
        expected=f"a call that `{command} --help` describes",
        found=error.format_message().rstrip("."),
        action=f"See `{command} --help`.",
    )


def _unexpected(error: BaseException, logs_dir: Path | None) -> FactoryGenError:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    text = f"{' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}"
    path = _write_report(f"failure-{stamp}-{os.getpid()}.log", text, logs_dir)
    first_line = (str(error).strip().splitlines() or [""])[0][:300]
    return FactoryGenError(
        expected="the command to end well",
        found=f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__,
        action=f"This is a fault of the program. The full report is in {path}; send it to whoever looks after it.",
    )


def _write_report(name: str, text: str, logs_dir: Path | None) -> Path:
    for folder in (logs_dir, Path(tempfile.gettempdir())):
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            return folder / name
        except OSError:
            continue
    return Path(os.devnull)


def _show_interrupt(as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": "Interrupted", "exit_code": INTERRUPTED}), file=sys.stderr)
    else:
        print("Interrupted. What was finished is kept; the same command goes on from there.", file=sys.stderr)
    return INTERRUPTED


def _show(error: FactoryGenError | RegistryError, as_json: bool) -> None:
    facts = {
        "error": type(error).__name__,
        "exit_code": error.exit_code,
        "expected": error.expected,
        "found": error.found,
        "action": error.action,
    }
    if as_json:
        print(json.dumps(facts, ensure_ascii=False), file=sys.stderr)
        return
    console = Console(stderr=True)
    body = Text.assemble(
        ("expected    ", "bold"), error.expected, "\n",
        ("found       ", "bold"), error.found, "\n",
        ("what to do  ", "bold"), error.action,
    )  # fmt: skip
    if console.is_terminal:
        console.print(
            Panel(body, title=f"{type(error).__name__} (exit code {error.exit_code})", border_style="red")
        )
    else:
        print(f"{type(error).__name__} (exit code {error.exit_code})\n{body.plain}", file=sys.stderr)
