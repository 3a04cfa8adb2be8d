"""The control chart of incoming pictures: one row for each indicator, its limits dashed, what is over them marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from pipelines.queries.monitor import Point
from ui.look import BLUE, RED


def drift_chart(points: Sequence[Point], words: Mapping[str, str], window: str) -> Any:
    """Draw it.

    Args:
        points: of one baseline.
        words: indicator to what people call it.
        window: the word for a window.
    """
    frame = pd.DataFrame(
        [
            {
                "indicator": words.get(one.indicator, one.indicator),
                window: one.window,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "over": one.exceeded,
            }
            for one in points
        ]
    )
    base = alt.Chart(frame).encode(x=alt.X(f"{window}:O", axis=alt.Axis(labelAngle=0)))
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y=alt.Y("value:Q", title=None))
    limits = [
        base.mark_line(color=RED, strokeDash=[6, 4], strokeWidth=1.5).encode(y=f"{bound}:Q")
        for bound in ("low", "high")
    ]
    over = base.mark_point(filled=True, opacity=1).encode(
        y="value:Q",
        shape=alt.when(alt.datum.over).then(alt.value("triangle-up")).otherwise(alt.value("circle")),
        size=alt.when(alt.datum.over).then(alt.value(160)).otherwise(alt.value(40)),
        color=alt.when(alt.datum.over).then(alt.value(RED)).otherwise(alt.value(BLUE)),
        tooltip=["indicator:N", f"{window}:O", alt.Tooltip("value:Q", format=".3f")],
    )
    # data goes with the facet: its layers must not bring their own
    return (
        alt.layer(*limits, line, over)
        .properties(height=110, width=620)
        .facet(
            row=alt.Row(
                "indicator:N", title=None, header=alt.Header(labelAngle=0, labelAlign="left", labelLimit=180)
            )
        )
        .resolve_scale(y="independent")
    )
