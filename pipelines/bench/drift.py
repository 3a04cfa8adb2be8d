"""`bench drift`: which changes a part's monitor would notice, measured on the part's own good pictures.

In each draw, good pictures of whole groups (parts, lots) are taken out of the catalogue, changed, and judged in two
windows against limits that were learned from the rest: as if they came in. Nothing is stored in the registry.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from factory_gen.drift.changes import CHANGES, change
from factory_gen.drift.judge import in_a_row, judge
from factory_gen.drift.limits import SHARE, SMALLEST_WINDOW, draw_windows, set_limits
from factory_gen.drift.look import CHUNK
from factory_gen.drift.readings import Readings, join
from factory_gen.errors import InputRefused
from factory_gen.machine import device_name
from factory_gen.seeds import derive, numpy_generator
from pipelines.operation.monitor_baseline import USUAL_WINDOW, Baseline, open_baseline
from pipelines.operation.monitor_pictures import Incoming, load
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

UNCHANGED = "none"
WINDOWS = 2
LOOK, JUDGE = "looking at changed pictures", "judging draws"


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One change.

    Attributes:
        change: what was done to the pictures.
        alarms: draws whose two windows raised an alarm.
        draws: of so many.
        by: indicator to the draws in which it raised the alarm.
        windows_over: share of single windows in which any indicator was over its limit.
    """

    change: str
    alarms: int
    draws: int
    by: Mapping[str, int]
    windows_over: float


@dataclass(frozen=True, kw_only=True)
class DriftBenchReport:
    """What a monitor would notice.

    Attributes:
        part, model: whose pictures, looked at by which model.
        pictures, groups: in the catalogue.
        window: pictures per window.
        seed: of the draws.
        changes: one line for each change, first that of no change.
        false_alarms_per_year, false_alarms_most: of weekly windows without drift, as the limits of the draws state
            them: their mean and their highest.
        machine: what measured.
        seconds: in all.
    """

    part: str
    model: int
    pictures: int
    groups: int
    window: int
    seed: int
    changes: tuple[ChangeLine, ...]
    false_alarms_per_year: float
    false_alarms_most: float
    machine: str
    seconds: float


def run(
    work: Workplace,
    part: str,
    *,
    draws: int = 40,
    window: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> DriftBenchReport:
    """Measure which changes are found.

    Args:
        work: where things are.
        part: name of the part.
        draws: how often pictures are taken out and judged.
        window: pictures per window; None takes 100, or a fifth of a small catalogue.
        seed: of the draws.
        progress: told how far it is.

    Raises:
        NotFound: no such part, or no model yet.
        InputRefused: too few good pictures for two windows and a catalogue of three more.
    """
    started, say = time.monotonic(), progress or Silent()
    baseline = open_baseline(work, part, None, say)
    # Model and catalogue are those of one draw as of another: to a draw, no picture is one that the model has seen.
    plain = replace(baseline.limits.reference, seen=np.zeros(len(baseline.limits.reference), dtype=bool))
    size = window or min(USUAL_WINDOW, len(plain) // (WINDOWS + SHARE))
    if size < SMALLEST_WINDOW or size * (WINDOWS + SHARE) > len(plain):
        raise InputRefused(
            expected=f"{WINDOWS + SHARE} windows of {max(size, SMALLEST_WINDOW)} good pictures in the catalogue",
            found=f"{len(plain)} pictures",
            action="Choose a smaller --window, or ingest more good pictures.",
        )
    readings = {UNCHANGED: plain, **_look(work, baseline, plain, say)}
    found = list(_draws(readings, size, draws, seed, say))
    return DriftBenchReport(
        part=part,
        model=baseline.model.number,
        pictures=len(plain),
        groups=len(set(plain.groups)),
        window=size,
        seed=seed,
        changes=tuple(_line(name, [one.results[name] for one in found]) for name in readings),
        false_alarms_per_year=float(np.mean([one.stated for one in found])),
        false_alarms_most=max(one.stated for one in found),
        machine=device_name(baseline.looker.device),
        seconds=time.monotonic() - started,
    )


@dataclass(frozen=True)
class _Result:
    """One change in one draw: indicators that raised the alarm, and windows with any indicator over its limit."""

    alarm: tuple[str, ...]
    over: int


@dataclass(frozen=True)
class _Draw:
    """One draw: change to its result, and the false alarms a year that its limits state."""

    results: Mapping[str, _Result]
    stated: float


def _look(work: Workplace, baseline: Baseline, plain: Readings, say: Progress) -> dict[str, Readings]:
    """Readings of the catalogue's pictures after each change, in the order of the readings without one."""
    rows = baseline.reference.rows
    say.start(LOOK, len(rows) * len(CHANGES), "pictures")
    found: dict[str, list[Readings]] = {name: [] for name in CHANGES}
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        images = [load(work, Incoming(row.relative_path, row.sha256, row=row), None) for row in some]
        for name, parts in found.items():
            changed = [change(image, name) for image in images]
            parts.append(baseline.looker.look(changed, [row.group for row in some], [False] * len(some)))
            say.advance(LOOK, len(some))
    say.finish(LOOK)
    return {name: join(parts) for name, parts in found.items()}


def _draws(
    readings: Mapping[str, Readings], size: int, draws: int, seed: int, say: Progress
) -> Iterator[_Draw]:
    plain = readings[UNCHANGED]
    rng = numpy_generator(seed, "bench-drift")
    taken = draw_windows(plain.groups, WINDOWS * size, draws, rng)
    say.start(JUDGE, draws, "draws")
    for number, inside in enumerate(taken):
        limits = set_limits(
            plain.part(np.flatnonzero(~inside)), size, seed=derive(seed, "bench-drift", number)
        )
        # whole groups one after the other, in an order of their own: a window shows few groups, as a delivery does
        places = rng.permutation(np.flatnonzero(inside))
        order = {group: place for place, group in enumerate(dict.fromkeys(plain.groups[p] for p in places))}
        places = np.array(sorted(places, key=lambda place: order[plain.groups[place]]))
        results = {}
        for name, one in readings.items():
            first, second = (judge(limits, one.part(half)) for half in np.split(places, WINDOWS))
            over = sum(bool(window.exceeded) for window in (first, second))
            results[name] = _Result(in_a_row(first.figures, second.figures), over)
        yield _Draw(results, limits.alarms_per_year)
        say.advance(JUDGE)
    say.finish(JUDGE)


def _line(name: str, results: list[_Result]) -> ChangeLine:
    by = Counter(indicator for one in results for indicator in one.alarm)
    return ChangeLine(
        change=name,
        alarms=sum(bool(one.alarm) for one in results),
        draws=len(results),
        by=dict(by.most_common()),
        windows_over=sum(one.over for one in results) / (WINDOWS * len(results)),
    )
