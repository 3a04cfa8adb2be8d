"""The plot of a prior bench: quality against calls and against milliseconds, one row per set of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory_gen.bench.held_out import SETS
from pipelines.bench.prior_report import PriorReport

# Okabe and Ito's colours, each with its own marker and line, so that no arm is told by colour alone.
STYLES = (
    ("#0072B2", "o", "-"),
    ("#D55E00", "s", "--"),
    ("#009E73", "^", "-."),
    ("#CC79A7", "v", ":"),
    ("#56B4E9", "D", "--"),
    ("#000000", "P", "-"),
)
NAMES = {"whole": "whole windows (good)", "inpaint": "inpainting (defects)"}


def draw_plot(report: PriorReport, target: Path, table: str = "time") -> Path:
    """Write the plot as PNG, 2 x 2 panels; axes are logarithmic, bands are the interval of the mean over seeds."""
    # Imported late and used without pyplot: no window system and no global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import ScalarFormatter

    figure = Figure(figsize=(11, 8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2, squeeze=False)
    arms = [(name, entry) for name, entry in report.arms.items() if table in entry]
    for row, kind in enumerate(SETS):
        for column, axis in enumerate(("calls", "milliseconds")):
            panel = panels[row][column]
            for (_, entry), style in zip(arms, STYLES, strict=False):
                _line(panel, entry["title"], entry[table][kind]["kid"], axis, style)
            panel.axhline(
                report.floor[f"{kind}/autoencoded"], color="#666666", linewidth=1, linestyle=(0, (1, 3))
            )
            panel.set_xscale("log", base=2 if axis == "calls" else 10)
            panel.set_yscale("log")
            for scale in (panel.xaxis, panel.yaxis):
                scale.set_major_formatter(ScalarFormatter())
                scale.set_minor_formatter(ScalarFormatter())
                scale.set_tick_params(which="minor", labelsize=7)
            panel.set_xlabel(
                "calls of the network" if axis == "calls" else "milliseconds per window, decoding included"
            )
            panel.set_ylabel("KID x1000, lower is better")
            panel.set_title(NAMES[kind])
            panel.grid(visible=True, which="both", alpha=0.25)
    figure.legend(
        *panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )
    figure.suptitle(
        f"{report.part}: quality against cost at equal training {table}, {report.seeds} seeds "
        "(dotted: real against real)"
    )
    part = target.with_suffix(".part.png")
    figure.savefig(part, dpi=110, metadata={"Software": None})
    part.replace(target)
    return target


def _line(
    panel: Any, title: str, points: Sequence[Mapping[str, Any]], axis: str, style: tuple[str, str, str]
) -> None:
    colour, marker, line = style
    x = [point[axis] for point in points]
    panel.plot(x, [p["value"] for p in points], color=colour, marker=marker, linestyle=line, label=title)
    low, high = [max(p["low"], 1e-3) for p in points], [p["high"] for p in points]
    panel.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
