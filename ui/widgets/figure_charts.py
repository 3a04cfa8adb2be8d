"""Charts of the gate and the money page, in Altair: grey for before, blue for after, shapes and words beside colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from data_registry.outcome_records import KpiRecord
from pipelines.figures.kpi_gate import Bounded, Curve
from pipelines.figures.roi_draws import Swing
from ui.look import BLUE, ORANGE, RED

GREY = "#8A9099"
HEIGHT = 280


def precision_recall(curves: Sequence[Curve], names: Mapping[str, str], recall: str, precision: str) -> Any:
    """Curves with their bands; `names` gives the words of "before" and "after"."""
    rows = [
        {
            "name": names.get(one.name, one.name),
            recall: one.recall[at],
            precision: one.precision[at],
            "low": one.low[at] if one.low else None,
            "high": one.high[at] if one.high else None,
        }
        for one in curves
        for at in range(len(one.recall))
    ]
    shown = [names.get(one.name, one.name) for one in curves]
    colours = [{"before": GREY, "after": BLUE}.get(one.name, ORANGE) for one in curves]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X(f"{recall}:Q", scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("name:N", title=None, scale=alt.Scale(domain=shown, range=colours), legend=_LEGEND),
    )
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title=precision), y2="high:Q")
    line = base.mark_line(strokeWidth=2.5).encode(
        y=alt.Y(f"{precision}:Q", scale=alt.Scale(domain=[0, 1])),
        strokeDash=alt.StrokeDash("name:N", title=None, scale=alt.Scale(domain=shown), legend=_LEGEND),
        order=alt.Order(f"{recall}:Q"),
    )
    return alt.layer(band, line).properties(height=HEIGHT + 60)


_LEGEND = alt.Legend(orient="bottom", labelLimit=420, columns=1, direction="vertical")


def lifts_over(points: Sequence[Bounded], x: str, lift: str) -> Any:
    """Lift with its interval along a number, and a line at 0."""
    frame = pd.DataFrame(
        [{x: float(one.x), lift: one.lift, "low": one.low, "high": one.high} for one in points]
    )
    base = alt.Chart(frame).encode(x=alt.X(f"{x}:Q"))
    return alt.layer(
        _zero(),
        base.mark_area(opacity=0.18, color=BLUE).encode(y=alt.Y("low:Q", title=lift), y2="high:Q"),
        base.mark_line(color=BLUE, strokeWidth=2.5, point=True).encode(y=f"{lift}:Q"),
    ).properties(height=HEIGHT)


def lifts_of(rows: Sequence[Bounded], lift: str) -> Any:
    """One bar with whiskers for each name, and a line at 0."""
    frame = pd.DataFrame(
        [{"name": str(one.x), lift: one.lift, "low": one.low, "high": one.high} for one in rows]
    )
    base = alt.Chart(frame).encode(y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)))
    return alt.layer(
        alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=2, color=BLUE).encode(x=alt.X("low:Q", title=lift), x2="high:Q"),
        base.mark_point(filled=True, size=90, color=BLUE, opacity=1).encode(x=f"{lift}:Q"),
    ).properties(height=80 + 34 * len(rows))


def waterfall(terms: Mapping[str, float], words: Mapping[str, str], money: str) -> Any:
    """Terms that add up to the last one, each beginning where the one before ended."""
    rows, at = [], 0.0
    for name, value in terms.items():
        start = 0.0 if name == "net" else at
        rows.append(
            {
                "term": words.get(name, name),
                "from": start,
                "to": start + value,
                "value": value,
                "net": name == "net",
            }
        )
        at = start + value
    frame = pd.DataFrame(rows)
    frame["end"] = frame[["from", "to"]].max(axis=1)
    base = alt.Chart(frame).encode(
        y=alt.Y("term:N", sort=None, title=None, axis=alt.Axis(labelLimit=240, labelOverlap=False))
    )
    colour = (
        alt.when(alt.datum.net)
        .then(alt.value(BLUE))
        .when(alt.datum.value < 0)
        .then(alt.value(RED))
        .otherwise(alt.value(GREY))
    )
    bars = base.mark_bar().encode(x=alt.X("from:Q", title=money), x2="to:Q", color=colour)
    text = base.mark_text(align="left", dx=5, color=GREY).encode(
        x="end:Q", text=alt.Text("value:Q", format="+,.0f")
    )
    return alt.layer(bars, text).properties(height=120 + 32 * len(rows))


def tornado(
    swings: Sequence[Swing], net: float, words: Mapping[str, str], money: str, ends: tuple[str, str]
) -> Any:
    """What one input alone does to the net, the largest first."""
    rows = [
        {"input": words.get(one.name, one.name), "net": value, "middle": net, "end": end, "at": told}
        for one in swings
        for value, end, told in ((one.at_low, ends[0], one.low_value), (one.at_high, ends[1], one.high_value))
    ]
    frame = pd.DataFrame(rows)
    base = alt.Chart(frame).encode(
        y=alt.Y("input:N", sort=None, title=None, axis=alt.Axis(labelLimit=240)),
        color=alt.Color(
            "end:N",
            title=None,
            sort=None,
            scale=alt.Scale(domain=list(ends), range=[ORANGE, BLUE]),
            legend=_LEGEND,
        ),
        tooltip=["input:N", "end:N", alt.Tooltip("at:Q", format=",.3g"), alt.Tooltip("net:Q", format=",.0f")],
    )
    rule = alt.Chart(pd.DataFrame({"net": [net]})).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x="net:Q")
    return alt.layer(base.mark_bar().encode(x=alt.X("middle:Q", title=money), x2="net:Q"), rule).properties(
        height=120 + 32 * len(swings)
    )


def trend(kept: Sequence[KpiRecord], title: str, *, scale: float = 1.0) -> Any:
    """A figure over time with its interval and, from eight points on, control limits at three sigma."""
    frame = pd.DataFrame(
        [
            {
                "at": one.created_at,
                "value": scale * one.value,
                "low": scale * (one.value if one.low is None else one.low),
                "high": scale * (one.value if one.high is None else one.high),
            }
            for one in kept
        ]
    )
    base = alt.Chart(frame).encode(x=alt.X("at:T", title=None))
    layers = [
        base.mark_area(opacity=0.15, color=BLUE).encode(y=alt.Y("low:Q", title=title), y2="high:Q"),
        base.mark_line(color=BLUE, point=True).encode(y="value:Q"),
    ]
    if len(kept) >= 8:
        layers += list(_control_limits(frame["value"]))
    return alt.layer(*layers).properties(height=180)


def _control_limits(values: Any) -> Iterable[Any]:
    # the usual limits of single values: the mean moving range over 1.128 is one sigma
    sigma = float(values.diff().abs().mean()) / 1.128
    for bound in (values.mean() - 3 * sigma, values.mean() + 3 * sigma):
        yield (
            alt.Chart(pd.DataFrame({"y": [float(bound)]}))
            .mark_rule(color=RED, strokeDash=[6, 4])
            .encode(y="y:Q")
        )


def _zero() -> Any:
    return (
        alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 3]).encode(y="zero:Q")
    )
