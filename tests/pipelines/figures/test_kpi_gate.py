from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from data_registry.outcome_records import VerdictRecord
from pipelines.figures.kpi_gate import Bounded, measured_by, view_of

POINT = {"recall_before": 0.6, "recall_after": 0.7, "false_reject_before": 0.05, "false_reject_after": 0.048}
COUNTS = {
    "defects": 60,
    "found_new": 9,
    "lost": 3,
    "good": 2000,
    "newly_rejected": 10,
    "newly_accepted": 14,
}
LIFT = {"lift": 0.1, "low": 0.0, "high": 0.2}
REPORT: dict[str, Any] = {
    "reason": "All of the interval lies above 0.",
    "against": "oversampled",
    "needed_defects": 40,
    "per_type": {"pit": LIFT, "crack": LIFT},
    "lifts": {"synthetic": LIFT},
    "lift_by_synthetic": [{"x": 2, **LIFT}, {"x": 0.5, **LIFT}],
    "curves": {
        "precision_recall": {
            "before": {"recall": [0, 1], "precision": [1, 0.5]},
            "after": {"recall": [0, 1], "precision": [1, 0.6], "low": [1, 0.5], "high": [1, 0.7]},
        }
    },
    "operating_point": {**POINT, "note": "text"},
}


def verdict(report: dict[str, Any]) -> VerdictRecord:
    return VerdictRecord(
        id=1,
        part_id=1,
        dataset_version_id=1,
        decision="helps",
        metric="pixel_ap_macro",
        lift=0.05,
        lift_low=0.01,
        lift_high=0.09,
        settings_sha256="0" * 64,
        report=report,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_the_view_has_what_the_gate_told() -> None:
    view = view_of(verdict(REPORT), 3)
    assert (view.version, view.decision, view.against, view.needed_defects) == (3, "helps", "oversampled", 40)
    assert [row.x for row in view.per_type] == ["crack", "pit"]
    assert [row.x for row in view.by_synthetic] == [0.5, 2]
    assert view.arms == (Bounded(x="synthetic", lift=0.1, low=0.0, high=0.2),)
    assert [(curve.name, len(curve.low)) for curve in view.curves] == [("before", 0), ("after", 2)]
    assert view.operating_point == POINT
    assert view.metric == "macro pixel AP"


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"per_type": [1, 2], "curves": None, "operating_point": "none", "lifts": {"a": {"lift": None}}},
        {"curves": {"precision_recall": {"a": {"recall": [0, 1], "precision": [1]}}}, "reason": 3},
        {"lift_by_synthetic": [{"x": "two", **LIFT}, 3], "needed_defects": "many"},
        {"operating_point": {"replicates": [[0.1]], **POINT, "defects": True}},
        {"operating_point": {**COUNTS, "lost": 99}},
    ],
)
def test_a_report_of_another_shape_is_left_out_and_does_not_fail(report: dict[str, Any]) -> None:
    view = view_of(verdict(report), 1)
    assert (view.per_type, view.arms, view.by_synthetic, view.curves) == ((), (), (), ())
    assert view.needed_defects is None
    assert measured_by(verdict(report)) is None


def test_the_gates_replicates_come_first() -> None:
    found = measured_by(
        verdict({"operating_point": {**POINT, **COUNTS, "replicates": [[0.1, 0.0], [0.2, -0.01]]}})
    )
    assert found is not None
    assert (found.recall_gain, found.false_reject_gain) == pytest.approx((0.1, -0.002))
    assert (found.replicates, found.defects) == (((0.1, 0.0), (0.2, -0.01)), 60)


def test_what_the_trainings_add_widens_them() -> None:
    others = {"recall": {**LIFT, "over_runs": 0.05}, "false_reject": {**LIFT, "over_runs": None}}
    point = {**POINT, "defects": 60, "replicates": [[0.1, -0.002]] * 5}
    found = measured_by(verdict({"operating_point": point, "others": others}))
    assert found is not None
    drawn = np.array(found.replicates)
    assert drawn.std(axis=0) == pytest.approx([0.05, 0.0], abs=0.003)
    assert drawn.mean(axis=0) == pytest.approx([0.1, -0.002], abs=0.004)


def test_then_its_counts() -> None:
    found = measured_by(verdict({"operating_point": {**POINT, **COUNTS}}))
    assert found is not None
    assert (found.recall_gain, found.false_reject_gain, found.defects) == (0.1, -0.002, 60)
    assert found.counts is not None


def test_then_its_intervals() -> None:
    others = {"recall": LIFT, "false_reject": {"lift": -0.002, "low": -0.006, "high": 0.002}}
    found = measured_by(verdict({"others": others, "defects": 60}))
    assert found is not None
    assert (found.recall_gain, found.false_reject_gain, found.defects) == (0.1, -0.002, 60)
    drawn = np.array(found.replicates)
    assert drawn.mean(axis=0) == pytest.approx([0.1, -0.002], abs=0.004)
    assert np.quantile(drawn[:, 0], [0.025, 0.975]) == pytest.approx([0.0, 0.2], abs=0.01)
    assert measured_by(verdict({"others": {"recall": LIFT}})) is None
