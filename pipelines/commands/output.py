"""A job's report on stdout: JSON for programs, short tables for people."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from pipelines.settings import follows_another_process

MOST_LINES = 20
MOST_INLINE = 6
# what the values of a mapping stand for, where each is a tuple
COLUMNS = {
    "contrast": ("median contrast", "samples", "real defects"),
    "stages": ("stage", "steps", "seconds"),
}
NEXT_STEP = "next_step"  # a sentence to read, not a column
MEASURED_UP_TO = 100_000
PIPE_WIDTH = 240  # a table in a file or a pipe is not cut to 80 columns


def show(report: Any, *, as_json: bool) -> None:
    """Writes a report dataclass to stdout; of several launched processes, the first one does."""
    if follows_another_process():
        return
    if as_json:
        print(to_json(report))
        return
    console = stdout_console()
    for name, value in _entries(report):
        if isinstance(value, Mapping) and value and name in COLUMNS:
            console.print(table(COLUMNS[name], [(key, *cells) for key, cells in value.items()]))
        else:
            _draw(console, name.replace("_", " "), value)


def to_json(report: Any) -> str:
    """The report as JSON; figures that are not finite become null, paths and times become text."""
    plain = asdict(report) if is_dataclass(report) and not isinstance(report, type) else report
    return json.dumps(_plain(plain), ensure_ascii=False, indent=2, allow_nan=False)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> Table:
    """A borderless table; numbers stand to the right."""
    rows = [[_text(value) for value in row] for row in rows]
    drawn = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column, heading in enumerate(headings):
        numeric = all(
            row[column].replace(",", "").replace(".", "").lstrip("-").isdigit() for row in rows if row[column]
        )
        drawn.add_column(heading, justify="right" if rows and numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def stdout_console() -> Console:
    """The console for data. Off a terminal it is wide, so that nothing is wrapped or cut."""
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def _draw(console: Console, name: str, value: Any) -> None:
    if value in (None, "", (), [], {}):
        return
    if isinstance(value, list | tuple) and (_is_record(value[0]) or isinstance(value[0], Mapping)):
        _draw_records(console, name, value)
    elif isinstance(value, list | tuple) and len(value) > 1:
        console.print(Text(f"{name}:", "bold"))
        for item in value[:MOST_LINES]:
            console.print(Text(f"  - {_text(item)}"))
        _say_more(console, len(value))
    elif _is_record(value) or (isinstance(value, Mapping) and not _fits_a_line(value)):
        console.print(table([name, ""], [(key.replace("_", " "), item) for key, item in _entries(value)]))
    else:
        console.print(Text.assemble((f"{name}: ", "bold"), _text(value)))


def _draw_records(console: Console, name: str, records: Sequence[Any]) -> None:
    shown = records[:MOST_LINES]
    names = [field for field, _ in _entries(shown[0]) if field != NEXT_STEP]
    rows = [[dict(_entries(record))[field] for field in names] for record in shown]
    headings = [field.replace("_", " ") for field in names]
    drawn = table(headings, rows, title=name)
    if (
        Measurement.get(console, console.options.update(max_width=MEASURED_UP_TO), drawn).maximum
        <= console.width
    ):
        console.print(drawn)
    else:  # too wide to read as a table
        console.print(Text(name, "bold"))
        for row in rows:
            pairs = [
                f"{heading}: {_text(cell)}"
                for heading, cell in zip(headings, row, strict=True)
                if _text(cell)
            ]
            console.print(Text("  - " + "\n    ".join(pairs)))
    for record in shown:
        if sentence := dict(_entries(record)).get(NEXT_STEP):
            console.print(Text.assemble(("next: ", "bold"), sentence))
    _say_more(console, len(records))


def _fits_a_line(mapping: Mapping[Any, Any]) -> bool:
    return len(mapping) <= MOST_INLINE and all(
        isinstance(item, str | int | float | None) for item in mapping.values()
    )


def _say_more(console: Console, count: int) -> None:
    if count > MOST_LINES:
        console.print(Text(f"  ... and {count - MOST_LINES:,} more; --json has them all", "dim"))


def _entries(record: Any) -> list[tuple[str, Any]]:
    if isinstance(record, Mapping):
        return [(str(key), value) for key, value in record.items()]
    return [(field.name, getattr(record, field.name)) for field in fields(record)]


def _is_record(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if _is_record(value):
        return ", ".join(f"{key} {_text(item)}" for key, item in _entries(value))
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | None):
        return value
    return value.as_posix() if isinstance(value, Path) else str(value)
