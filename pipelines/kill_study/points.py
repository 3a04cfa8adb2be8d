"""Named points of a job: before and after each write that outlives it, and each step that it tells of.

Nothing in the jobs knows of them. In the process of a study the few calls that change something for good (a
transaction, a rename, the removal of a folder, a word to MLflow) are wrapped, and each passing is named after the
function that made the call, as in `after commit in train_store.store_model`.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from data_registry.session import Registry, Work
from pipelines.tracking import MlflowRun, MlflowTracker

_OURS = ("pipelines.", "data_registry.", "factory_gen.")
_NOT = ("pipelines.kill_study.", "data_registry.session")
_TRACKING = (
    (MlflowTracker, ("register_model", "set_champion")),
    (MlflowRun, ("log_params", "log_text", "log_figure_png", "end")),
)


class Points:
    """Counts the points that are passed, and may end the process at one of them.

    Args:
        name, passing: the process is killed at that passing (1 is the first) of that point; never by default.
    """

    def __init__(self, name: str = "", passing: int = 0) -> None:
        self.passed: Counter[str] = Counter()
        self._name, self._passing = name, passing
        self._guard = threading.Lock()

    def at(self, what: str) -> None:
        """A point is passed."""
        with self._guard:
            self.passed[what] += 1
            if what == self._name and self.passed[what] == self._passing:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Wrap the calls for the rest of this process's life; only a process that is thrown away does this."""
        os.replace = self._wrapped(os.replace, "rename")
        os.rename = self._wrapped(os.rename, "rename")
        shutil.rmtree = self._wrapped(shutil.rmtree, "remove folder")  # type: ignore[assignment]
        Registry.write = self._writing(Registry.write)  # type: ignore[method-assign]
        for owner, names in _TRACKING:
            for name in names:
                setattr(owner, name, self._wrapped(getattr(owner, name), f"MLflow {name}"))

    def _wrapped(self, call: Callable[..., Any], what: str) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            where = _caller()
            self.at(f"before {what} in {where}")
            result = call(*args, **kwargs)
            self.at(f"after {what} in {where}")
            return result

        return wrapped

    def _writing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def writing(registry: Registry) -> Iterator[Work]:
            where = _caller()
            with write(registry) as rows:
                yield rows
                self.at(f"before commit in {where}")
            self.at(f"after commit in {where}")

        return writing


class PointProgress:
    """A job's progress whose every word is a point; it stands in for the one that speaks to the engine."""

    def __init__(self, points: Points) -> None:
        self._points = points

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """A stage begins."""
        self._points.at(f"start of {stage}")

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """Some more of it is done."""
        self._points.at(f"step of {stage}")

    def finish(self, stage: str) -> None:
        """It is over."""
        self._points.at(f"end of {stage}")

    def say(self, text: str, level: int = 20) -> None:
        """A line of the log."""
        print(text, flush=True)

    def report(self, facts: Any) -> None:
        """The job is done; a kill here leaves all of it behind and no word about it."""
        self._points.at("before the report")

    def refuse(self, expected: str, found: str, action: str) -> None:
        """It failed."""
        print(f"expected {expected}; found {found}; {action}", flush=True)


def _caller() -> str:
    """Module and function, of this program and outside the study, that called."""
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(_OURS) and not module.startswith(_NOT):
            return f"{module.partition('.')[2]}.{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "a library"
