"""How a job tells a person where it is: a small protocol, silence, and a terminal.

Progress is written on stderr, so that stdout carries data alone. Bars are drawn on a terminal only; elsewhere
(a log file, a CI run) a plain line is written now and then.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

SECONDS_BETWEEN_LINES = 15.0


class Progress(Protocol):
    """What a job may say while it runs. Every method is cheap and never raises."""

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """A stage begins; `total` is its amount of work in `unit`, None when unknown."""

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """`amount` more of the stage is done; `figures` are shown beside it, such as the loss."""

    def finish(self, stage: str) -> None:
        """The stage is over."""

    def say(self, text: str) -> None:
        """One line for the person who waits."""


class Silent:
    """Says nothing: for tests, for `--quiet`, and for calls from other programs."""

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """Nothing is shown."""

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """Nothing is shown."""

    def finish(self, stage: str) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Nothing is shown."""


class PlainProgress:
    """A line at the start and end of a stage, and one every 15 seconds between."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._stages: dict[str, _Stage] = {}

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """Notes the start; see `Progress.start`."""
        self._stages[stage] = _Stage(total, unit)

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """Counts, and writes a line when the last one is old; see `Progress.advance`."""
        state = self._stages.setdefault(stage, _Stage(None, ""))
        state.done += amount
        state.figures = figures or state.figures
        now = time.monotonic()
        if now - state.last_line >= SECONDS_BETWEEN_LINES:
            state.last_line = now
            self._write(f"{stage}: {state.text()}")

    def finish(self, stage: str) -> None:
        """Writes how long the stage took."""
        state = self._stages.pop(stage, None)
        if state is not None:
            self._write(f"{stage}: {state.text()} in {time.monotonic() - state.began:.1f} s")

    def say(self, text: str) -> None:
        """Writes the line."""
        self._write(text)

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class RichProgress:
    """Bars on a terminal. Use as a context manager, so that the terminal is left in order."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            _AmountColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """A new bar; see `Progress.start`."""
        self._tasks[stage] = self._bars.add_task(stage, total=total, unit=unit, figures="")

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """Moves the bar; see `Progress.advance`."""
        if stage not in self._tasks:
            self.start(stage, None)
        self._bars.advance(self._tasks[stage], amount)
        if figures:
            self._bars.update(self._tasks[stage], figures=_figures_text(figures))

    def finish(self, stage: str) -> None:
        """Stops the bar where it is and lets its clock stand."""
        task = self._tasks.pop(stage, None)
        if task is not None:
            self._bars.update(task, total=self._bars.tasks[self._bars.task_ids.index(task)].completed)
            self._bars.stop_task(task)

    def say(self, text: str) -> None:
        """Prints the line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)


class _AmountColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_amount_text(task.completed, task.total))


class _Stage:
    def __init__(self, total: float | None, unit: str) -> None:
        self.total = total
        self.unit = unit
        self.done = 0.0
        self.figures: dict[str, float | str] = {}
        self.began = self.last_line = time.monotonic()

    def text(self) -> str:
        amount = _amount_text(self.done, self.total)
        return " ".join(part for part in (amount, self.unit, _figures_text(self.figures)) if part)


def _amount_text(done: float, total: float | None) -> str:
    """`3 of 8`; a stage whose total is 1 counts its share, such as of a time budget, and reads `38 %`."""
    if total is None:
        return f"{done:,.0f}"
    return f"{done:.0%}".replace("%", " %") if total == 1 else f"{done:,.0f} of {total:,.0f}"


def _figures_text(figures: dict[str, float | str]) -> str:
    return "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )
