"""`bench registry`: fill a throw-away registry and measure what a catalogue of that size costs.

The rows look like a plant's: nine in ten pictures good, five defect types, half of the defects with
masks, four pictures per group, one group in three on the generator's side.
"""

from __future__ import annotations

import hashlib
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_registry.errors import AlreadyExists
from data_registry.records import NewImage
from data_registry.session import Registry, Work, open_registry
from pipelines.progress import Progress, Silent

_PART = "bench"
_PER_TRANSACTION = 5_000
_TYPES = ("crack", "pit", "stain", "scratch", "chip")
_FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "good": {"kind": "good"},
    "defective": {"kind": "defect"},
    "hold-out": {"split": "holdout"},
    "mask wanted": {"kind": "defect", "with_mask": False},
    "crack, generator": {"defect_type": "crack", "split": "generator"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure beside its target; `reached` is None where there is no target."""

    name: str
    value: float
    unit: str
    target: float | None
    reached: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    """What was measured, on which kind of database, and whether all targets were reached."""

    database: str
    rows: int
    reached: bool
    figures: tuple[Figure, ...]


def run(
    rows: int = 1_000_000, url: str | None = None, progress: Progress | None = None, *, looks: int = 200
) -> BenchReport:
    """Fill a registry and measure it.

    Args:
        rows: how many pictures to store.
        url: an empty registry to fill; by default an SQLite file that is removed afterwards.
        progress: told about each transaction.
        looks: how often each query is measured.

    Raises:
        AlreadyExists: the registry at `url` holds parts.
        RegistryError: it cannot be used.
    """
    told = progress or Silent()
    with ExitStack() as stack:
        if url is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="factory-gen-bench-"))
            url = f"sqlite:///{Path(folder) / 'registry.sqlite3'}"
        registry = stack.enter_context(open_registry(url))
        part_id = _new_part(registry)
        figures = [*_fill(registry, part_id, rows, told), *_look(registry, part_id, rows, looks, told)]
    return BenchReport(
        database=url.partition(":")[0],
        rows=rows,
        reached=all(figure.reached is not False for figure in figures),
        figures=tuple(figures),
    )


def _new_part(registry: Registry) -> int:
    with registry.write() as work:
        if work.parts.list():
            raise AlreadyExists(
                expected="an empty registry to fill",
                found=f"{len(work.parts.list())} parts in it",
                action="Give the address of a new database; the bench never touches a real registry.",
            )
        return work.parts.add(_PART, source_root="none").id


def _fill(registry: Registry, part_id: int, rows: int, told: Progress) -> list[Figure]:
    told.start("insert", rows, "rows")
    first = _PER_TRANSACTION
    settled = 0.0
    began = time.perf_counter()
    for start in range(0, rows, _PER_TRANSACTION):
        with registry.write() as work:
            added = work.images.add_many(part_id, _pictures(start, min(start + _PER_TRANSACTION, rows)))
        told.advance("insert", added)
        if start <= max(first, rows // 10):
            settled = _resident_mib()
    took = time.perf_counter() - began
    told.finish("insert")
    return [
        _figure("insert rate", rows / took, "rows/s", 5_000.0, more=True),
        _figure("memory growth after the first tenth", _resident_mib() - settled, "MiB", 64.0),
        _figure("memory at its highest", _peak_mib(), "MiB", 500.0),
    ]


def _look(registry: Registry, part_id: int, rows: int, looks: int, told: Progress) -> list[Figure]:
    places = random.Random(7)
    figures = []
    told.start("look up", len(_FILTERS) + 2, "queries")
    for name, wanted in _FILTERS.items():

        def page(work: Work, wanted: dict[str, Any] = wanted) -> object:
            return work.images.page(part_id, after_id=places.randrange(rows), **wanted)

        times = _times(registry, page, looks)
        figures.append(_figure(f"page of 60, {name}, p50", times[len(times) // 2], "ms"))
        figures.append(_figure(f"page of 60, {name}, p95", _p95(times), "ms", 50.0))
        told.advance("look up")
    times = _times(registry, lambda work: work.images.by_sha(part_id, _sha256(places.randrange(rows))), looks)
    figures.append(_figure("look-up by hash, p95", _p95(times), "ms", 10.0))
    told.advance("look up")
    times = _times(registry, lambda work: work.images.counts(part_id), max(looks // 10, 5))
    figures.append(_figure("counts of a part, p95", _p95(times), "ms", 200.0))
    told.finish("look up")
    return figures


def _times(registry: Registry, query: Callable[[Work], object], looks: int) -> list[float]:
    """Return sorted durations in milliseconds, each in a transaction of its own as a page has it."""
    times = []
    for _ in range(looks + 1):
        began = time.perf_counter()
        with registry.read() as work:
            query(work)
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times[1:])  # the first one compiles the statement


def _pictures(start: int, stop: int) -> Iterator[NewImage]:
    for number in range(start, stop):
        group = number // 4
        defect = number % 10 == 9
        masked = defect and number % 20 == 19
        yield NewImage(
            relative_path=f"{'defect' if defect else 'good'}/{number:07d}.png",
            sha256=_sha256(number),
            kind="defect" if defect else "good",
            defect_type=_TYPES[number // 10 % len(_TYPES)] if defect else None,
            mask_sha256=_sha256(-number) if masked else None,
            mask_origin="file" if masked else None,
            width=1024,
            height=768,
            mode="L",
            group=f"lot-{group:07d}",
            split="generator" if group % 3 == 0 else "holdout",
        )


def _sha256(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def _p95(times: list[float]) -> float:
    return times[min(len(times) - 1, int(len(times) * 0.95))]


def _figure(name: str, value: float, unit: str, target: float | None = None, *, more: bool = False) -> Figure:
    """Return a figure; it reaches its target from below, or from above with `more`."""
    reached = None if target is None else (value >= target if more else value <= target)
    return Figure(name=name, value=round(value, 3), unit=unit, target=target, reached=reached)


def _resident_mib() -> float:
    """Return this process's memory now (where the system tells, else its highest so far)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return _peak_mib()
    return pages * resource.getpagesize() / 2**20


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
