"""Any exception as a refusal that a person can act on; what nobody foresaw is written to a report first."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from data_registry.errors import RegistryError
from factory_gen.errors import FactoryGenError
from pipelines.errors import from_device_error, from_os_error


def clear_refusal(
    error: BaseException, *, logs_dir: Path | None, expected: str = "this to end well"
) -> FactoryGenError | RegistryError:
    """Return the refusal itself, what an operating system error stands for, or that the program is at fault.

    Args:
        error: what was raised.
        logs_dir: where the report of an unexpected failure is stored; the temporary folder when it is None.
        expected: what an unexpected failure stopped.
    """
    if isinstance(error, OSError):
        error = from_os_error(error) or error
    if isinstance(error, Exception):
        error = from_device_error(error) or error
    if isinstance(error, FactoryGenError | RegistryError):
        return error
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    text = f"{' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}"
    path = _write_report(f"failure-{stamp}-{os.getpid()}.log", text, logs_dir)
    first_line = (str(error).strip().splitlines() or [""])[0][:300]
    return FactoryGenError(
        expected=expected,
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
