"""`monitor`: are the good pictures that come in still like those that the champion learned from?"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from data_registry.session import Work
from data_registry.watch_records import AlarmRecord, MonitorWindowRecord
from factory_gen.drift.judge import Figure, Judgement, in_a_row, judge
from factory_gen.drift.look import CHUNK
from factory_gen.drift.readings import Readings, join
from factory_gen.errors import InputRefused
from factory_gen.images.refused import ImageRefused
from pipelines.operation.monitor_baseline import Baseline, open_baseline
from pipelines.operation.monitor_pictures import Incoming, load, of_catalogue, of_folder
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

STAGE = "looking at incoming pictures"


@dataclass(frozen=True, kw_only=True)
class WindowLine:
    """One window.

    Attributes:
        window: its number in the registry.
        images: pictures in it.
        exceeded: indicators over their limits.
        alarm: indicators in which this window and the one before it are over their limits, or together over the limit
            of two.
        figures: indicator to its value, limit, limit of two windows together and, for the features, p-value.
        unusual: indicator to the pictures that stand out most.
        stored_before: these very pictures were judged before.
    """

    window: int
    images: int
    exceeded: tuple[str, ...]
    alarm: tuple[str, ...]
    figures: Mapping[str, Mapping[str, float | None]]
    unusual: Mapping[str, Sequence[str]]
    stored_before: bool


@dataclass(frozen=True, kw_only=True)
class MonitorReport:
    """What a monitor found.

    Attributes:
        part, model: whose pictures, by which model.
        alarm: whether any window raised one.
        next_step: what to do.
        windows: one line each, in the order of the pictures.
        waiting: pictures that do not fill a window yet; they count once they do.
        refused: files that cannot be read, by reason.
        reference: catalogue pictures that the limits come from.
        window_size: pictures per window.
        false_alarms_per_year: of weekly windows without drift, simulated on the catalogue; at most 1.
        seconds: in all.
        notes: what a reader should know.
    """

    part: str
    model: int
    alarm: bool
    next_step: str
    windows: tuple[WindowLine, ...]
    waiting: int
    refused: Mapping[str, int]
    reference: int
    window_size: int
    false_alarms_per_year: float
    seconds: float
    notes: tuple[str, ...]


def run(
    work: Workplace,
    part: str,
    *,
    folder: Path | None = None,
    since: datetime | None = None,
    window: int | None = None,
    progress: Progress | None = None,
) -> MonitorReport:
    """Judge incoming good pictures in windows and store each window; two in a row may raise an alarm.

    Args:
        work: where things are.
        part: name of the part.
        folder: where the pictures are; None looks at new good pictures of the catalogue.
        since: only catalogue pictures that came in since then; None takes those newer than the champion's training.
        window: pictures per window.
        progress: told how far it is.

    Raises:
        NotFound: no such part, or no model yet.
        InputRefused: no pictures, fewer than a window, or a catalogue too small to learn limits from.
    """
    started, say = time.monotonic(), progress or Silent()
    baseline = open_baseline(work, part, window, say)
    known = baseline.reference.known
    pictures = (
        of_catalogue(work, baseline.part, since, known)
        if folder is None
        else [one for one in of_folder(folder) if one.sha256 not in known]
    )
    source = str(folder) if folder is not None else "catalogue"
    size, refused = baseline.limits.size, Counter[str]()
    lines, waiting = [], len(pictures)
    say.start(STAGE, len(pictures), "pictures")
    for chunk, readings in _windows(work, baseline, pictures, refused, say):
        waiting -= len(chunk)
        lines.append(_judge(work, baseline, source, chunk, readings))
    say.finish(STAGE)
    waiting -= sum(refused.values())
    if not lines:
        raise InputRefused(
            expected=f"a window of {size} new good pictures that can be read",
            found=f"{waiting} new ones, {sum(refused.values())} refused {dict(refused) or ''}".rstrip(),
            action="Wait for more, or use smaller windows with --window.",
        )
    alarm = any(line.alarm for line in lines)
    return MonitorReport(
        part=part,
        model=baseline.model.number,
        alarm=alarm,
        next_step=_next_step(part, alarm, lines[-1]),
        windows=tuple(lines),
        waiting=waiting,
        refused=dict(refused),
        reference=len(baseline.limits.reference),
        window_size=size,
        false_alarms_per_year=baseline.limits.alarms_per_year,
        seconds=time.monotonic() - started,
        notes=baseline.limits.notes,
    )


Window = tuple[list[Incoming], Readings]


def _windows(
    work: Workplace, baseline: Baseline, pictures: Sequence[Incoming], refused: Counter[str], say: Progress
) -> list[Window]:
    """Windows in the order of the pictures. Unreadable files leave their place to the next."""
    size, depth = baseline.limits.size, baseline.reference.bit_depth
    kept: list[Incoming] = []
    readings: list[Readings] = []
    for start in range(0, len(pictures), CHUNK):
        images, good = [], []
        for one in pictures[start : start + CHUNK]:
            try:
                images.append(load(work, one, depth))
                good.append(one)
            except ImageRefused as refusal:
                refused[refusal.reason] += 1
            say.advance(STAGE)
        if images:
            names = [one.name for one in good]
            readings.append(baseline.looker.look(images, names, [False] * len(good)))
            kept += good
    if not kept:
        return []
    everything = join(readings)
    starts = range(0, len(kept) - size + 1, size)
    return [(kept[start : start + size], everything.part(slice(start, start + size))) for start in starts]


def _judge(
    work: Workplace, baseline: Baseline, source: str, chunk: Sequence[Incoming], readings: Readings
) -> WindowLine:
    digest = hashlib.sha256("".join(sorted(one.sha256 for one in chunk)).encode()).hexdigest()
    found = judge(baseline.limits, readings)
    with work.registry.write() as rows:
        before = rows.monitoring.find_window(baseline.part.id, baseline.sha256, digest)
        stored = before or _store(rows, baseline, source, chunk, digest, found)
        alarm = _alarm(rows, stored)
    return WindowLine(
        window=stored.id,
        images=stored.images,
        exceeded=stored.exceeded,
        alarm=() if alarm is None else alarm.indicators,
        figures=stored.figures,
        unusual=stored.unusual,
        stored_before=before is not None,
    )


def _store(
    rows: Work, baseline: Baseline, source: str, chunk: Sequence[Incoming], digest: str, found: Judgement
) -> MonitorWindowRecord:
    figures = {
        name: {k: v for k, v in asdict(one).items() if k != "exceeded"} for name, one in found.figures.items()
    }
    return rows.monitoring.add_window(
        baseline.part.id,
        model_version_id=baseline.model.id,
        baseline_sha256=baseline.sha256,
        content_sha256=digest,
        source=source,
        images=len(chunk),
        figures=figures,
        exceeded=found.exceeded,
        unusual=found.unusual,
    )


def _alarm(rows: Work, window: MonitorWindowRecord) -> AlarmRecord | None:
    """The alarm that this window raises together with the one before it."""
    before = rows.monitoring.before(window)
    indicators = in_a_row(_figures(before), _figures(window)) if before else ()
    if before is None or not indicators:
        return None
    return rows.monitoring.add_alarm(window.part_id, first=before, second=window, indicators=indicators)


def _figures(window: MonitorWindowRecord) -> dict[str, Figure]:
    return {name: Figure(**one, exceeded=name in window.exceeded) for name, one in window.figures.items()}


def _next_step(part: str, alarm: bool, last: WindowLine) -> str:
    if alarm:
        return (
            "Look at the pictures named above: light, focus, fixture, or a new lot? Put the camera right, or ingest "
            f"new good and defective pictures and run `factory-gen retrain --part {part}`."
        )
    if last.exceeded:
        return f"{', '.join(last.exceeded)} over the limit once; the next window decides."
    return "Nothing to do."
