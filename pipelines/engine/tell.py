"""A job's progress, told to the engine, so that another process or another machine can read it.

A thread sends the latest state every two seconds when something has changed; the job itself never waits for it, and
an engine that does not answer costs the job nothing.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from factory_gen.errors import FactoryGenError
from pipelines.engine.jobs import PROGRESS, REFUSAL, REPORT
from pipelines.engine.places import boot_id
from pipelines.engine.rest import Engine

SEND_EVERY_S = 2.0
INFO, ERROR = 20, 40


@dataclass
class StageClock:
    """How far a stage is, and how long it will still take at its pace so far."""

    name: str
    total: float | None
    unit: str
    clock: Callable[[], float] = time.monotonic
    done: float = 0.0
    figures: dict[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def standing(self) -> dict[str, Any]:
        """The fields of `Standing` that a stage knows: stage, share in [0,1], left_s in seconds, text, figures."""
        share = min(1.0, self.done / self.total) if self.total else None
        left = None
        if share:
            left = round((self.clock() - self.began) * (1 - share) / share, 1)
        amount = f"{self.done:,.0f}" if self.total in (None, 1) else f"{self.done:,.0f} of {self.total:,.0f}"
        text = f"{share:.0%}" if self.total == 1 and share is not None else f"{amount} {self.unit}".strip()
        figures = {name: value if _sendable(value) else str(value) for name, value in self.figures.items()}
        return {"stage": self.name, "share": share, "left_s": left, "text": text, "figures": figures}


class EngineProgress:
    """`Progress` that goes to the engine. Use as a context manager.

    Args:
        engine: where to.
        run_id: the engine's number of this job.
        device: what the job computes on.
    """

    def __init__(self, engine: Engine, run_id: str, device: str) -> None:
        self._engine = engine
        self._run_id = run_id
        self._place = {"host": socket.gethostname(), "pid": os.getpid(), "boot": boot_id(), "device": device}
        self._stage: StageClock | None = None
        self._lines: list[dict[str, Any]] = []
        self._changed = True
        self._artifact_id: str | None = None
        self._end = threading.Event()
        self._guard = threading.Lock()
        self._sender = threading.Thread(target=self._send_on, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._send()  # who runs it is known before the first step: the one who looks for lost jobs needs it
        self._sender.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._sender.join(timeout=SEND_EVERY_S + 30)
        self._send()

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """A stage begins; see `Progress.start`."""
        with self._guard:
            self._stage = StageClock(stage, total, unit)
            self._changed = True

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """Counts; see `Progress.advance`."""
        with self._guard:
            if self._stage is None or self._stage.name != stage:
                self._stage = StageClock(stage, None, "")
            self._stage.done += amount
            self._stage.figures.update(figures)
            self._changed = True

    def finish(self, stage: str) -> None:
        """The stage is over; it becomes a line of the log."""
        with self._guard:
            known = self._stage if self._stage is not None and self._stage.name == stage else None
            text = f"{known.standing()['text']} in {known.clock() - known.began:.1f} s" if known else "done"
        self.say(f"{stage}: {text}")

    def say(self, text: str, level: int = INFO) -> None:
        """A line of the log."""
        line = {
            "name": "job",
            "level": level,
            "message": text[:10_000] or " ",
            "timestamp": datetime.now(UTC).isoformat(),
            "flow_run_id": self._run_id,
        }
        with self._guard:
            self._lines.append(line)

    def report(self, facts: Any) -> None:
        """Stores the job's report beside it."""
        body = {"type": REPORT, "data": facts, "flow_run_id": self._run_id}
        self._engine.post("/artifacts/", body)

    def refuse(self, expected: str, found: str, action: str) -> None:
        """Stores beside the job why it failed; without an engine only its log and its state say so."""
        facts = {"expected": expected, "found": found, "action": action}
        with suppress(FactoryGenError):
            self._engine.post("/artifacts/", {"type": REFUSAL, "data": facts, "flow_run_id": self._run_id})

    def _send_on(self) -> None:
        while not self._end.wait(SEND_EVERY_S):
            self._send()

    def _send(self) -> None:
        with self._guard:
            lines, self._lines = self._lines, []
            changed, self._changed = self._changed, False
            data = {**(self._stage.standing() if self._stage else {"figures": {}}), **self._place}
        try:
            if changed:
                self._store(data)
            if lines:
                self._engine.post("/logs/", lines, timeout_s=10)
        except FactoryGenError:
            with self._guard:  # the next round tries again
                self._lines = lines + self._lines
                self._changed = True

    def _store(self, data: dict[str, Any]) -> None:
        if self._artifact_id is None:
            body = {"type": PROGRESS, "data": data, "flow_run_id": self._run_id}
            self._artifact_id = self._engine.post("/artifacts/", body, timeout_s=10)["id"]
        else:
            self._engine.patch(f"/artifacts/{self._artifact_id}", {"data": data}, timeout_s=10)


def _sendable(value: float | str) -> bool:
    with suppress(TypeError, ValueError):
        return isinstance(value, str) or abs(float(value)) < float("inf")
    return False
