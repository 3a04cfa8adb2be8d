"""The frame of a chart as SVG text: scales, axes, labels. Colours are classes, so that the page's style decides.

Everything that comes from outside is escaped; nothing refers to another file or site.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 46
_FEWEST_TICKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The drawing area between two scales.

    Attributes:
        x, y: lowest and highest value of each scale; low < high.
        left: room at the left for labels, in SVG units.
        height, width: of the whole chart.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    left: float = _LEFT
    height: float = HEIGHT
    width: float = WIDTH

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies, in SVG units."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        wide, tall = self.width - self.left - _RIGHT, self.height - _TOP - _BOTTOM
        return self.left + across * wide, _TOP + (1 - up) * tall

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> str:
        """A straight line between two points of the scales."""
        (a, b), (c, d) = self.place(x1, y1), self.place(x2, y2)
        return f'<line class="{css}" x1="{a:.1f}" y1="{b:.1f}" x2="{c:.1f}" y2="{d:.1f}"/>'

    def path(self, xs: Sequence[float], ys: Sequence[float], css: str) -> str:
        """An open line through points of the scales."""
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in map(self.place, xs, ys))
        return f'<polyline class="{css}" points="{points}"/>'

    def area(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], css: str) -> str:
        """The area between two lines."""
        there, back = map(self.place, xs, high), map(self.place, reversed(xs), reversed(low))
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in [*there, *back])
        return f'<polygon class="{css}" points="{points}"/>'

    def axes(self, x_label: str, y_label: str, *, x_ticks: bool = True, y_ticks: bool = True) -> str:
        """Both axes with ticks, grid lines and what they stand for."""
        marks = []
        if y_ticks:
            for value in ticks(*self.y):
                _, at = self.place(self.x[0], value)
                marks.append(self.line(self.x[0], value, self.x[1], value, "grid"))
                marks.append(label(self.left - 6, at + 4, short(value), "end"))
        if x_ticks:
            for value in ticks(*self.x):
                at, bottom = self.place(value, self.y[0])
                marks.append(self.line(value, self.y[0], value, self.y[1], "grid"))
                marks.append(label(at, bottom + 16, short(value), "middle"))
        marks.append(self.line(self.x[0], self.y[0], self.x[1], self.y[0], "axis"))
        marks.append(
            label((self.left + self.width - _RIGHT) / 2, self.height - 8, x_label, "middle", "title")
        )
        if y_label:
            middle = (_TOP + self.height - _BOTTOM) / 2
            turned = f'transform="rotate(-90 14 {middle:.0f})"'
            marks.append(label(14, middle, y_label, "middle", "title", turned))
        return "".join(marks)


def label(x: float, y: float, text: str, anchor: str = "start", css: str = "tick", more: str = "") -> str:
    """A text at a place in SVG units; `anchor` is start, middle or end."""
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def chart(frame: Frame, content: str, description: str) -> str:
    """The whole SVG, in a box that scrolls where it is too wide; `description` is read out in place of it."""
    told, box = escape(description, quote=True), f"0 0 {frame.width:.0f} {frame.height:.0f}"
    svg = f'<svg class="chart" viewBox="{box}" role="img" aria-label="{told}">{content}</svg>'
    return f'<div class="wide">{svg}</div>'


def ticks(low: float, high: float) -> list[float]:
    """Round values between two ends, about five of them."""
    raw = (high - low) / _FEWEST_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def room_for(y: tuple[float, float]) -> float:
    """Room at the left for the ticks of a scale and its turned title, in SVG units."""
    longest = max((len(short(value)) for value in ticks(*y)), default=0)
    return max(_LEFT, 34.0 + 7.2 * longest)


def span(values: Sequence[float], *, zero: bool = False, room: float = 0.06) -> tuple[float, float]:
    """Ends of a scale that holds all values with some room; never empty. `zero` takes 0 in."""
    known = [value for value in values if math.isfinite(value)] + ([0.0] if zero else [])
    low, high = min(known, default=0.0), max(known, default=1.0)
    if low == high:
        low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    more = (high - low) * room
    return low - (0.0 if zero and low == 0 else more), high + (0.0 if zero and high == 0 else more)


def short(value: float) -> str:
    """A number as short as it can be read: 1,500, 0.25, -2M."""
    if value == 0:
        return "0"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):,.4g}{unit}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
