"""The one place where a failure becomes what the user sees: a message with a next step, and an exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from data_registry.errors import RegistryError
from factory_gen.errors import FactoryGenError, UsageError
from pipelines.failures import clear_refusal

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
    refusal = clear_refusal(error, logs_dir=logs_dir, expected="the command to end well")
    _show(refusal, as_json)
    return refusal.exit_code


def _usage(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "factory-gen"
    return UsageError(
        expected=f"a call that `{command} --help` describes",
        found=error.format_message().rstrip("."),
        action=f"See `{command} --help`.",
    )


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
