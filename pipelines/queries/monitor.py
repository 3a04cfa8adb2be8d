"""What the monitor page reads: windows with their limits, alarms, and the pictures that stood out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from data_registry.records import PartRecord
from data_registry.watch_records import AlarmRecord, MonitorWindowRecord
from factory_gen.errors import FactoryGenError
from factory_gen.images.files import read_picture
from pipelines.pictures.thumbnails import thumbnail
from pipelines.wiring import Workplace

MOST_WINDOWS = 60
MOST_PICTURES = 6
_EDGE, _MOST_BYTES = 320, 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One indicator in one window: its value, and the bounds that it should stay in."""

    window: int
    indicator: str
    value: float
    low: float | None
    high: float
    exceeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Windows and alarms, oldest first; `points` are of the windows of the newest baseline alone."""

    windows: Sequence[MonitorWindowRecord]
    alarms: Sequence[AlarmRecord]
    points: Sequence[Point]


def watch_of(work: Workplace, part: PartRecord) -> Watch:
    """Everything that the chart needs; windows of another baseline had other limits, so they are not drawn."""
    with work.registry.read() as rows:
        windows = rows.monitoring.recent(part.id, MOST_WINDOWS)
        alarms = rows.monitoring.alarms(part.id, MOST_WINDOWS)
    newest = windows[-1].baseline_sha256 if windows else ""
    points = [point for one in windows if one.baseline_sha256 == newest for point in _points(one)]
    return Watch(windows=windows, alarms=alarms, points=points)


def unusual_pictures(
    work: Workplace, part: PartRecord, window: MonitorWindowRecord
) -> dict[str, list[tuple[str, bytes | None]]]:
    """Indicator to the pictures that stood out: name and a small JPEG, None where the picture is gone."""
    return {
        indicator: [
            (str(name), _small(work, part, window.source, str(name))) for name in names[:MOST_PICTURES]
        ]
        for indicator, names in window.unusual.items()
    }


def _points(window: MonitorWindowRecord) -> list[Point]:
    found = []
    for name, figure in sorted(window.figures.items()):
        value, limit = figure.get("value"), figure.get("limit")
        if isinstance(value, int | float) and isinstance(limit, int | float):
            # the test of the features gives a p-value and has an upper bound alone
            low = None if figure.get("p") is not None else -float(limit)
            exceeded = name in window.exceeded
            found.append(
                Point(
                    window=window.id,
                    indicator=name,
                    value=float(value),
                    low=low,
                    high=float(limit),
                    exceeded=exceeded,
                )
            )
    return found


def _small(work: Workplace, part: PartRecord, source: str, name: str) -> bytes | None:
    with work.registry.read() as rows:
        row = rows.images.by_path(part.id, name)
    if row is not None:
        return thumbnail(work, row.sha256, edge=_EDGE, bit_depth=row.bit_depth)
    folder = Path(source)
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve()) and folder.is_absolute()
        if not inside or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        picture = read_picture(path.read_bytes(), name)
    except (OSError, FactoryGenError):
        return None
    pixels = (
        picture.pixels
        if picture.bit_depth == 8
        else (picture.pixels >> (picture.bit_depth - 8)).astype("uint8")
    )
    image = Image.fromarray(pixels)
    image.thumbnail((_EDGE, _EDGE))
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=88)
    return out.getvalue()
