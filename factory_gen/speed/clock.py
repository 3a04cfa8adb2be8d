"""How a piece of work is timed: often enough, on the clock that other work on the machine disturbs least."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

# The jobs may hold a device without knowing torch.
Device = torch.device
CPU = torch.device("cpu")
CPU_TIME, WALL = "processor time of one thread", "wall clock"


@dataclass(frozen=True)
class Timing:
    """Seconds of one piece of work, repeated.

    Attributes:
        best, median, worst: over the repeats.
        repeats: how many.
    """

    best: float
    median: float
    worst: float
    repeats: int


def clock_name(device: torch.device) -> str:
    """Which clock `timed` reads: one thread is timed by the processor, more of them and a GPU by the wall."""
    return CPU_TIME if device.type == "cpu" and torch.get_num_threads() == 1 else WALL


def thread_count() -> int:
    """CPU threads that torch uses for one operation."""
    return int(torch.get_num_threads())


def read_clock(device: torch.device) -> float:
    """Seconds on that clock; a GPU is waited for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.process_time() if clock_name(device) == CPU_TIME else time.perf_counter()


def timed(
    work: Callable[[], object], device: torch.device, *, repeats: int = 7, warm: int = 1, most_s: float = 5.0
) -> Timing:
    """Time `work`.

    Args:
        work: what to do.
        device: where it runs.
        repeats: how often; fewer where `most_s` is spent, at least once.
        warm: calls before the first that counts.
        most_s: seconds on the wall after which no further repeat begins.
    """
    for _ in range(warm):
        work()
    found: list[float] = []
    since = time.perf_counter()
    while not found or (len(found) < repeats and time.perf_counter() - since < most_s):
        began = read_clock(device)
        work()
        found.append(read_clock(device) - began)
    return Timing(min(found), statistics.median(found), max(found), len(found))
