"""Curves of trainings: one chart for each figure, a line for each run, told apart by colour and dash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from ui.look import BLUE, GREEN, ORANGE, PURPLE

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
MOST_TOGETHER = len(COLOURS)


def curve(title: str, runs: Mapping[str, Sequence[tuple[int, float]]], step: str) -> Any:
    """One figure over the steps.

    Args:
        title: what it is.
        runs: run's name to its points; at most four.
        step: the word for a step.
    """
    frame = pd.DataFrame(
        [{"run": name, step: at, "value": value} for name, points in runs.items() for at, value in points]
    )
    names = list(runs)
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=380) if len(names) > 1 else None
    return (
        alt.Chart(frame)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X(f"{step}:Q"),
            y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
            color=alt.Color(
                "run:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "run:N",
                title=None,
                scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])),
                legend=legend,
            ),
        )
        .properties(height=220)
    )
