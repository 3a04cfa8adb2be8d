"""`bench pages`: a dashboard of its own over a registry with very many samples, visited, timed and watched."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.bench.pages_home import make_home
from pipelines.bench.registry import Figure
from pipelines.engine.health import answers
from pipelines.progress import Progress
from pipelines.settings import Settings, as_environment, child_environment
from ui.bench.load import WALK, Times, alone, together

START_S = 300.0
WARM_UP_S = 60.0
FIRST_PAGE_S, PAGE_CHANGE_S, KEY_MS, PREVIEW_S = 2.0, 1.0, 150.0, 5.0
MEMORY_MIB, GROWTH_MIB = 2048.0, 64.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much of everything.

    Attributes:
        samples, pictures: in the registry, and how many different pictures they have.
        sessions, reviewers, seconds: of the load; reviewers are some of the sessions.
        visits, rounds, keys, previews: of the visitor who is alone.
    """

    samples: int = 100_000
    pictures: int = 1_000
    sessions: int = 20
    reviewers: int = 5
    seconds: float = 300.0
    visits: int = 10
    rounds: int = 5
    keys: int = 100
    previews: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesReport:
    """What was measured.

    Attributes:
        reached: whether every target was.
        figures: with their targets.
        page_change_ms: page to (median, 95th percentile) in milliseconds, for the visitor who is alone.
        memory_mib: of the server, each five seconds of the load.
        failures: what went wrong, the first twenty.
        load: of the machine (runnable processes), before and after, other programs included.
        machine, cores, amounts: under what conditions.
        priority: of this program and its server among other programs, as the system tells it.
    """

    reached: bool
    figures: tuple[Figure, ...]
    page_change_ms: Mapping[str, tuple[float, float]]
    memory_mib: Sequence[float]
    failures: Sequence[str]
    load: tuple[float, float]
    machine: str
    cores: int
    amounts: Amounts
    priority: str


def run(settings: Settings, part: str, amounts: Amounts, progress: Progress) -> PagesReport:
    """Make the home, serve it, visit it.

    Raises:
        InputRefused: the part has no samples or model to begin with.
        NotFound: no such part.
    """
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="factory-gen-pages-", dir=settings.home.parent) as folder:
        made = make_home(
            settings,
            Path(folder) / "home",
            part,
            samples=amounts.samples,
            pictures=amounts.pictures,
            progress=progress,
        )
        with server(made) as (address, pid):
            return _measure(address, pid, part, amounts, progress, before)


def _measure(
    address: str, pid: int, part: str, amounts: Amounts, progress: Progress, before: float
) -> PagesReport:
    progress.start("alone", None)
    asyncio.run(
        alone(address, part, visits=1, rounds=1, keys=5, previews=0)
    )  # what only the first visitor waits for
    single = asyncio.run(
        alone(
            address,
            part,
            visits=amounts.visits,
            rounds=amounts.rounds,
            keys=amounts.keys,
            previews=amounts.previews,
        )
    )
    progress.finish("alone")
    memory: list[tuple[float, float]] = []
    progress.start("together", amounts.seconds, "s")

    def look(since: float) -> None:
        progress.advance("together", since - (memory[-1][0] if memory else 0.0))
        memory.append((since, _resident_mib(pid)))

    many = asyncio.run(
        together(
            address,
            part,
            sessions=amounts.sessions,
            reviewers=amounts.reviewers,
            seconds=amounts.seconds,
            each_s=look,
        )
    )
    progress.finish("together")
    figures = _figures(single, many, memory)
    return PagesReport(
        reached=all(one.reached is not False for one in figures),
        figures=figures,
        page_change_ms={
            page: (_ms(_share(single.page_change[page], 0.5)), _ms(_share(single.page_change[page], 0.95)))
            for page in WALK
        },
        memory_mib=[round(mib, 1) for _, mib in memory],
        failures=[*single.failures, *many.failures][:20],
        load=(round(before, 2), round(os.getloadavg()[0], 2)),
        machine=_machine(),
        cores=len(os.sched_getaffinity(0)),
        amounts=amounts,
        priority=_priority(),
    )


def _figures(single: Times, many: Times, memory: Sequence[tuple[float, float]]) -> tuple[Figure, ...]:
    failures = len(single.failures) + len(many.failures)
    return (
        _below("first page, p95", _share(single.first_page, 0.95), "s", FIRST_PAGE_S),
        _below("page change, p95", _share(single.all_changes, 0.95), "s", PAGE_CHANGE_S),
        _below("review key to next picture, p95", _share(single.key, 0.95) * 1000, "ms", KEY_MS),
        *(
            _below("preview of 8 defects, model warm, slowest", slowest, "s", PREVIEW_S)
            for slowest in sorted(single.preview)[-1:]
        ),
        _below("together: first page, p95", _share(many.first_page, 0.95), "s", None),
        _below("together: page change, p95", _share(many.all_changes, 0.95), "s", None),
        _below("together: page changes", float(len(many.all_changes)), "", None),
        _below("together: review key to next picture, p95", _share(many.key, 0.95) * 1000, "ms", None),
        _below("together: decisions", float(len(many.key)), "", None),
        _below("failures", float(failures), "", 0.0),
        _below("server's memory at its highest", max(mib for _, mib in memory), "MiB", MEMORY_MIB),
        _below("server's memory, growth after the first minute", _growth(memory), "MiB", GROWTH_MIB),
    )


def _growth(memory: Sequence[tuple[float, float]]) -> float:
    """Mean of the last fifth less the mean of the fifth that follows the warm-up."""
    after = [mib for since, mib in memory if since >= WARM_UP_S] or [mib for _, mib in memory]
    fifth = max(len(after) // 5, 1)
    return sum(after[-fifth:]) / fifth - sum(after[:fifth]) / fifth


def _below(name: str, value: float, unit: str, target: float | None) -> Figure:
    reached = None if target is None else value <= target
    return Figure(name=name, value=round(value, 3), unit=unit, target=target, reached=reached)


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


@contextmanager
def server(settings: Settings) -> Iterator[tuple[str, int]]:
    """The dashboard as its own process: address and process number."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-P", "-m", "ui.server", "--open", "--port", str(port)]
    log_path = settings.home / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, env=child_environment(as_environment(settings)), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            until = time.monotonic() + START_S
            while not answers(f"{address}/_stcore/health", timeout_s=1.0):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"the server did not start: {log_path.read_text()[-2000:]}")
                time.sleep(0.2)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _priority() -> str:
    """The nice value of this process, and that of its session where the system weighs sessions."""
    group = Path("/proc/self/autogroup")
    session = group.read_text().split("nice")[-1].strip() if group.exists() else "none"
    return f"nice {os.nice(0)}, session nice {session}"


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
