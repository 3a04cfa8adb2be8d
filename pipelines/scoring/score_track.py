"""Keeps the figures of a scored set: in the registry, where a trend can be drawn, and in MLflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from data_registry.records import PartRecord
from pipelines.scoring.score_report import ScoreReport
from pipelines.tracking import open_tracker
from pipelines.wiring import Workplace

PREFIX = "samples."


def keep_figures(
    work: Workplace, part: PartRecord, report: ScoreReport, what: Mapping[str, Any]
) -> str | None:
    """Store the set's figures and log them with the medians of each score.

    Args:
        work: registry and settings.
        part: whose samples.
        report: what was measured.
        what: which samples and limits these are; JSON-able.

    Returns:
        MLflow's run, or None when nothing is tracked.
    """
    details = {**what, "samples": report.samples, "compared_with": report.compared_with}
    with work.registry.write() as rows:
        shares = {"passing_share": report.passing / report.samples, "near_copy_share": report.near_copy_share}
        for name, value in shares.items():
            rows.kpis.add(part.id, name=PREFIX + name, value=value, unit="", details=details)
        for one in report.set_level:
            rows.kpis.add(
                part.id,
                name=PREFIX + plain_name(one.figure),
                value=one.value,
                low=min(one.low, one.value),
                high=max(one.high, one.value),
                unit=one.unit,
                details={**details, "figure": one.figure},
            )
    figures = figures_of(report)
    with open_tracker(work.settings).start_training_run(
        part.name, details, {"job": "score"}, name="score"
    ) as run:
        run.log_metrics(figures, step=0)
        return run.run_id


def figures_of(report: ScoreReport) -> dict[str, float]:
    """All figures of a report by a name that MLflow takes."""
    figures = {
        PREFIX + "passing_share": report.passing / report.samples,
        PREFIX + "near_copy_share": report.near_copy_share,
        PREFIX + "type_accuracy": report.type_accuracy,
    }
    for line in report.passes:
        figures[f"{PREFIX}pass.{plain_name(line.limit)}"] = line.samples
        figures[f"held_out_real.pass.{plain_name(line.limit)}"] = line.held_out_real
    for score in report.scores:
        figures[f"{PREFIX}{plain_name(score.defect_type)}.{score.score}"] = score.samples
        figures[f"real.{plain_name(score.defect_type)}.{score.score}"] = score.real
    for one in report.set_level:
        figures[PREFIX + plain_name(one.figure)] = one.value
    for variety in report.variety:
        figures[f"{PREFIX}{plain_name(variety.defect_type)}.variety"] = variety.samples
        figures[f"real.{plain_name(variety.defect_type)}.variety"] = variety.real
    return figures


def plain_name(text: str) -> str:
    """A name of small letters, digits and underscores: "KID (EfficientNet-Lite0 features)" becomes "kid"."""
    return re.sub(r"[^a-z0-9]+", "_", text.split(" (")[0].lower()).strip("_")
