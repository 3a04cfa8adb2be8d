from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pipelines.figures.svg_charts import (
    Series,
    control_limits,
    curves,
    forest,
    points,
    tornado,
    trend,
    waterfall,
)
from pipelines.figures.svg_frame import Frame, label, room_for, short, span, ticks


def parsed(text: str) -> ElementTree.Element:
    """The chart, with its legend, as XML."""
    return ElementTree.fromstring(f"<div>{text}</div>")


def found(root: ElementTree.Element, tag: str, css: str) -> list[ElementTree.Element]:
    return [one for one in root.iter(tag) if css in one.attrib.get("class", "").split()]


def texts(root: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in root.iter("text")]


LINE = Series(
    name="a & b", css="after", x=[0, 0.5, 1], y=[1, 0.8, 0.2], low=[1, 0.7, 0.1], high=[1, 0.9, 0.3]
)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-0.05, 0.11, [-0.05, 0, 0.05, 0.1]),
        (0.0, 6000.0, [0, 2000, 4000, 6000]),
        (3.0, 4.0, [3.0, 3.2, 3.4, 3.6, 3.8, 4.0]),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1500, "1,500"),
        (0.25, "0.25"),
        (-2e6, "-2M"),
        (15_770, "15.77k"),
        (3e9, "3G"),
        (12.3456, "12.35"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [float("nan"), 1.0], [-5.0, 5.0]])
def test_a_scale_is_never_empty(values: list[float]) -> None:
    low, high = span(values)
    assert low < high
    assert all(low <= value <= high for value in values if value == value)
    low, high = span(values, zero=True)
    assert low <= 0 <= high


def test_a_point_lies_where_the_scales_say() -> None:
    frame = Frame(x=(0, 10), y=(0, 1))
    left, bottom = frame.place(0, 0)
    right, top = frame.place(10, 1)
    assert right > left and top < bottom
    assert frame.place(5, 0.5) == pytest.approx(((left + right) / 2, (top + bottom) / 2))


def test_a_label_cannot_break_out() -> None:
    assert "<script" not in label(0, 0, "<script>alert('x')</script>")


def test_curves_have_bands_and_a_legend() -> None:
    root = parsed(
        curves([LINE, Series(name="bare", css="before", x=[0, 1], y=[1, 0])], "recall", "precision", "d")
    )
    assert len(found(root, "polygon", "band")) == 1
    assert len(found(root, "polyline", "line")) == 2
    assert [one.text for one in root.iter("li")] or "a & b" in "".join(root.itertext())
    assert {"recall", "precision"} <= set(texts(root))


def test_points_have_an_interval_each() -> None:
    root = parsed(points([LINE], "x", "lift", "d"))
    assert len(found(root, "line", "whole")) == len(found(root, "circle", "dot")) == 3


@pytest.mark.parametrize(
    ("low", "high", "css"), [(0.1, 0.3, "better"), (-0.3, -0.1, "worse"), (-0.1, 0.1, "open")]
)
def test_a_forest_row_says_on_which_side_it_lies(low: float, high: float, css: str) -> None:
    root = parsed(forest([("crack", (low + high) / 2, low, high)], "lift", "d"))
    assert len(found(root, "circle", css)) == 1
    assert "crack" in texts(root)


def test_each_step_of_a_waterfall_begins_where_the_last_one_ended() -> None:
    root = parsed(waterfall({"in": 10.0, "nothing": 0.0, "out": -4.0, "net": 6.0}, "EUR", "d"))
    bars = [(float(one.attrib["x"]), float(one.attrib["width"])) for one in found(root, "rect", "bar")]
    (a, wide), (b, less), (c, net) = bars
    assert a == c
    assert b + less == pytest.approx(a + wide, abs=0.2)
    assert net == pytest.approx(wide - less, abs=0.2)
    assert [one.attrib["class"].split()[1] for one in found(root, "rect", "bar")] == [
        "better",
        "worse",
        "total",
    ]
    assert {"+10", "-4", "6"} <= set(texts(root))
    assert "nothing" not in texts(root)


@pytest.mark.parametrize("terms", [{"a": -10.0, "b": -4.0, "net": -14.0}, {"a": 10.0, "b": 4.0, "net": 14.0}])
def test_the_values_of_a_waterfall_stand_inside_the_chart_and_beside_the_bars(
    terms: dict[str, float],
) -> None:
    root = parsed(waterfall(terms, "EUR", "d"))
    [svg] = root.iter("svg")
    width = float(svg.attrib["viewBox"].split()[2])
    ends = [float(one.attrib["x"]) + float(one.attrib["width"]) for one in found(root, "rect", "bar")]
    told = {short(value) if name == "net" else f"{value:+g}" for name, value in terms.items()}
    places = [one for one in root.iter("text") if one.text in told and one.attrib["text-anchor"] == "start"]
    for end, place in zip(ends, places, strict=True):
        assert end < float(place.attrib["x"]) < width - 7 * len(place.text or "")


def test_long_ticks_get_more_room() -> None:
    assert room_for((0.0, 1.0)) == 64
    assert room_for((-0.0007, 0.001)) > 76


def test_a_tornado_turns_around_its_centre() -> None:
    root = parsed(
        tornado([("a", -5.0, 9.0, "low a", "high a"), ("b", 4.0, 1.0, "low b", "high b")], 2.0, "EUR", "d")
    )
    [centre] = found(root, "line", "centre")
    at = float(centre.attrib["x1"])
    for css, sides in (("low", [-1, 1]), ("high", [1, -1])):
        for bar, side in zip(found(root, "rect", css), sides, strict=True):
            x, width = float(bar.attrib["x"]), float(bar.attrib["width"])
            assert (x if side > 0 else x + width) == pytest.approx(at, abs=0.2)
    assert {"low a", "high a", "low b", "high b"} <= set(texts(root))


def test_ends_on_one_side_of_the_centre_keep_their_texts_beside_the_bars() -> None:
    root = parsed(tornado([("a", 9.0, 3.0, "far", "near")], 2.0, "EUR", "d"))
    [centre] = found(root, "line", "centre")
    [near] = [one for one in root.iter("text") if one.text == "near"]
    assert float(near.attrib["x"]) < float(centre.attrib["x1"])
    assert near.attrib["text-anchor"] == "end"


def test_control_limits_come_with_eight_points() -> None:
    values = [1.0, 2.0] * 4
    assert control_limits(values[:7]) is None
    low, high = control_limits(values) or (0, 0)
    assert (low, high) == pytest.approx((1.5 - 2.66, 1.5 + 2.66))


@pytest.mark.parametrize(("count", "limits"), [(7, 0), (8, 2)])
def test_a_trend_draws_them(count: int, limits: int) -> None:
    ys = [float(number % 3) for number in range(count)]
    root = parsed(trend(Series(name="s", css="after", x=list(range(count)), y=ys), "s", "speed over time"))
    assert len(found(root, "line", "limit")) == limits
    assert len(found(root, "circle", "dot")) == count
    [svg] = root.iter("svg")
    assert svg.attrib["aria-label"] == "speed over time"
    assert re.fullmatch(r"0 0 \d+ \d+", svg.attrib["viewBox"])
