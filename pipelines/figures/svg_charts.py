"""The charts of the figures' page: curves with a band, points with intervals, waterfall, tornado, trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from pipelines.figures.svg_frame import Frame, chart, label, room_for, short, span

_ROW = 30
_HALF = 440  # of a chart that shares its row with another
_LABELS = 190
_FRAME_HEIGHT = 60  # axes and their texts below the rows
_FEWEST_FOR_LIMITS = 8
_LIMIT = 2.66  # mean moving range to control limits, of an individuals chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart, bounded by `low` and `high` where these are not empty.

    `css` is "before", "after" or "other".
    """

    name: str
    css: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def curves(series: Sequence[Series], x_label: str, y_label: str, description: str) -> str:
    """Curves over [0,1] x [0,1] with their bands, each named in the legend."""
    frame = Frame(x=(0.0, 1.0), y=(0.0, 1.0))
    drawn = [frame.axes(x_label, y_label)]
    for one in series:
        if one.low and one.high:
            drawn.append(frame.area(one.x, one.low, one.high, f"band {one.css}"))
    drawn += [frame.path(one.x, one.y, f"line {one.css}") for one in series]
    return chart(frame, "".join(drawn), description) + _legend(series)


def points(series: Sequence[Series], x_label: str, y_label: str, description: str) -> str:
    """Points with bars for their intervals, joined by lines, over a zero line."""
    xs = [x for one in series for x in one.x]
    ys = [y for one in series for y in (*one.y, *one.low, *one.high)]
    scale = span(ys, zero=True)
    frame = Frame(x=span(xs), y=scale, left=room_for(scale))
    drawn = [frame.axes(x_label, y_label), frame.line(frame.x[0], 0.0, frame.x[1], 0.0, "axis")]
    for one in series:
        drawn.append(frame.path(one.x, one.y, f"line {one.css}"))
        for place, (x, y) in enumerate(zip(one.x, one.y, strict=True)):
            if one.low and one.high:
                drawn.append(frame.line(x, one.low[place], x, one.high[place], f"line {one.css} whole"))
            drawn.append(_dot(frame, x, y, one.css))
    return chart(frame, "".join(drawn), description) + (_legend(series) if len(series) > 1 else "")


def forest(rows: Sequence[tuple[str, float, float, float]], x_label: str, description: str) -> str:
    """One row for each name: its difference as a dot on its interval, over a zero line."""
    ends = [value for _, *figures in rows for value in figures]
    frame = Frame(x=span(ends, zero=True), y=_rows(len(rows)), left=_LABELS, height=_tall(len(rows)))
    drawn = [frame.axes(x_label, "", y_ticks=False), frame.line(0.0, frame.y[0], 0.0, frame.y[1], "axis")]
    for place, (name, lift, low, high) in enumerate(rows):
        y = -float(place)
        css = "better" if low > 0 else "worse" if high < 0 else "open"
        drawn += [frame.line(low, y, high, y, f"line {css} whole"), _dot(frame, lift, y, css)]
        drawn.append(_row_name(frame, y, name))
    return chart(frame, "".join(drawn), description)


def waterfall(terms: Mapping[str, float], x_label: str, description: str) -> str:
    """Terms that add up, each from where the one before ended; the last one is the sum and starts at 0.

    A term of nothing is left out.
    """
    steps, at = list[tuple[str, float, float]](), 0.0
    for name, value in list(terms.items())[:-1]:
        if value:
            steps.append((name, at, at + value))
        at += value
    *_, (total, net) = terms.items()
    steps.append((total, 0.0, net))
    frame = Frame(
        x=span([0.0, *(end for _, *ends in steps for end in ends)], room=0.15),
        y=_rows(len(steps)),
        left=_LABELS,
        height=_tall(len(steps)),
    )
    drawn = [frame.axes(x_label, "", y_ticks=False), frame.line(0.0, frame.y[0], 0.0, frame.y[1], "axis")]
    for place, (name, start, end) in enumerate(steps):
        y, last = -float(place), place == len(steps) - 1
        css = "total" if last else "better" if end >= start else "worse"
        drawn += [_bar(frame, start, end, y, css), _row_name(frame, y, name)]
        drawn.append(_value(frame, max(start, end), y, end - start, signed=not last))
        if not last:
            drawn.append(frame.line(end, y - 0.32, end, y - 0.68, "join"))
    return chart(frame, "".join(drawn), description)


def tornado(
    rows: Sequence[tuple[str, float, float, str, str]], centre: float, x_label: str, description: str
) -> str:
    """Swings around the middle.

    Args:
        rows: name, outcome at the input's low end, at its high end, and these two ends as text.
        centre: outcome with all inputs in the middle.
        x_label: of the outcome.
        description: read out in place of the chart.
    """
    ends = [value for _, low, high, *_ in rows for value in (low, high)]
    frame = Frame(
        x=span([*ends, centre], room=0.2), y=_rows(len(rows)), left=_LABELS, height=_tall(len(rows))
    )
    drawn = [frame.axes(x_label, "", y_ticks=False)]
    if frame.x[0] < 0 < frame.x[1]:
        drawn.append(frame.line(0.0, frame.y[0], 0.0, frame.y[1], "axis"))
    for place, (name, at_low, at_high, low_text, high_text) in enumerate(rows):
        y = -float(place)
        drawn += [_bar(frame, centre, at_low, y, "low"), _bar(frame, centre, at_high, y, "high")]
        for outcome, other, text in ((at_low, at_high, low_text), (at_high, at_low, high_text)):
            to_right = outcome > other
            # beside the bars also where both ends lie on one side of the centre
            x, row = frame.place(max(outcome, centre) if to_right else min(outcome, centre), y)
            drawn.append(label(x + (4 if to_right else -4), row + 4, text, "start" if to_right else "end"))
        drawn.append(_row_name(frame, y, name))
    drawn.append(frame.line(centre, frame.y[0], centre, frame.y[1], "centre"))
    return chart(frame, "".join(drawn), description)


def trend(series: Series, y_label: str, description: str) -> str:
    """A figure from run to run with its intervals and, from eight runs on, its control limits."""
    limits = control_limits(series.y)
    lines = [*limits] if limits else []
    scale = span([*series.y, *series.low, *series.high, *lines], room=0.12)
    frame = Frame(
        x=span(series.x, room=0.05),
        y=scale,
        left=room_for(scale),
        height=190,
        width=_HALF,
    )
    drawn = [frame.axes("run", y_label, x_ticks=False)]
    drawn += [frame.line(frame.x[0], value, frame.x[1], value, "limit") for value in lines]
    drawn.append(frame.path(series.x, series.y, f"line {series.css}"))
    for place, (x, y) in enumerate(zip(series.x, series.y, strict=True)):
        low = series.low[place] if series.low else y
        high = series.high[place] if series.high else y
        drawn += [frame.line(x, low, x, high, f"line {series.css} whole"), _dot(frame, x, y, series.css)]
    return chart(frame, "".join(drawn), description)


def control_limits(values: Sequence[float]) -> tuple[float, float] | None:
    """Limits of an individuals chart: mean less and plus 2.66 mean moving ranges; None below eight values."""
    if len(values) < _FEWEST_FOR_LIMITS:
        return None
    moves = [abs(after - before) for before, after in pairwise(values)]
    mean, reach = sum(values) / len(values), _LIMIT * sum(moves) / len(moves)
    return mean - reach, mean + reach


def _legend(series: Sequence[Series]) -> str:
    keys = "".join(
        f'<li><svg class="key" viewBox="0 0 34 10" aria-hidden="true">'
        f'<line class="line {one.css}" x1="1" y1="5" x2="33" y2="5"/></svg>{escape(one.name)}</li>'
        for one in series
    )
    return f'<ul class="legend">{keys}</ul>'


def _dot(frame: Frame, x: float, y: float, css: str) -> str:
    a, b = frame.place(x, y)
    return f'<circle class="dot {css}" cx="{a:.1f}" cy="{b:.1f}" r="4.5"/>'


def _bar(frame: Frame, start: float, end: float, y: float, css: str) -> str:
    (a, top), (b, bottom) = frame.place(min(start, end), y + 0.32), frame.place(max(start, end), y - 0.32)
    size = f'width="{max(b - a, 1.0):.1f}" height="{bottom - top:.1f}"'
    return f'<rect class="bar {css}" x="{a:.1f}" y="{top:.1f}" {size}/>'


def _value(frame: Frame, end: float, y: float, value: float, *, signed: bool) -> str:
    x, row = frame.place(end, y)
    mark = "+" if signed and value > 0 else ""
    return label(x + 5, row + 4, mark + short(round(value, 1 if abs(value) < 100 else 0)))


def _row_name(frame: Frame, y: float, name: str) -> str:
    _, row = frame.place(frame.x[0], y)
    return label(frame.left - 10, row + 4, name, "end", "name")


def _rows(count: int) -> tuple[float, float]:
    return -count + 0.4, 0.6


def _tall(count: int) -> float:
    return _FRAME_HEIGHT + _ROW * count
