"""Where the time goes: named stages of a job, timed only while somebody asks.

with measured() as clock:
    job()
clock.seconds                # {"flow": 1.8, "decoder": 0.7, ...}

A stage inside another counts for itself alone. A thread started with the caller's context
(`contextvars.copy_context`) is timed too; its stages overlap with the others, so the sum may exceed the wall clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch


class StageClock:
    """Seconds and number of calls by stage.

    Attributes:
        seconds: on the wall.
        processor: of the thread that the stage runs in; what else runs on the machine does not count.
        calls: how often.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.processor: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, name: str, seconds: float, processor: float) -> None:
        """Count one call of a stage."""
        with self._lock:
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
            self.processor[name] = self.processor.get(name, 0.0) + processor
            self.calls[name] = self.calls.get(name, 0) + 1


_clock: ContextVar[StageClock | None] = ContextVar("stage_clock", default=None)
# Seconds that the stages inside the current one have taken, on both clocks.
_inner: ContextVar[list[float] | None] = ContextVar("stage_inner", default=None)


@contextmanager
def measured() -> Iterator[StageClock]:
    """Time all stages that are entered inside."""
    clock = StageClock()
    token, outer = _clock.set(clock), _inner.set(None)
    try:
        yield clock
    finally:
        _clock.reset(token)
        _inner.reset(outer)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """One stage of a job; free of cost when nobody measures."""
    clock = _clock.get()
    if clock is None:
        yield
        return
    inside = [0.0, 0.0]
    token = _inner.set(inside)
    began = _settled()
    try:
        yield
    finally:
        took = [now - then for now, then in zip(_settled(), began, strict=True)]
        _inner.reset(token)
        outer = _inner.get()
        if outer is not None:
            outer[:] = [sum(pair) for pair in zip(outer, took, strict=True)]
        clock.add(name, took[0] - inside[0], took[1] - inside[1])


def _settled() -> tuple[float, float]:
    """Wall and processor time once a GPU, if one is in use, has done what it was told."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter(), time.thread_time()
