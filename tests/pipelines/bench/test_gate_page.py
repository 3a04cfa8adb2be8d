"""The tables that the documentation shows of gate reports hold the reports' own figures."""

from __future__ import annotations

from typing import Any

from pipelines.bench.gate_page import gate_tables, rehearsal_table, trust_table

LIFT = {"lift": 0.02, "low": -0.01, "high": 0.05}
ARM = {"pixel_ap_macro": [0.4, 0.01], "image_auroc": [0.8, 0.02], "pixel_ap:pit": [0.3, 0.02]}
REPORT: dict[str, Any] = {
    "part": "ring",
    "verdict": "not proven",
    "against": "oversampled",
    "lift": 0.02,
    "lift_low": -0.01,
    "lift_high": 0.05,
    "defects": 40,
    "groups": 7,
    "seeds": 3,
    "steps": 500,
    "seconds": 1800.0,
    "arms": {"oversampled": ARM, "synthetic": {**ARM, "pixel_ap:pit": [0.35, 0.03]}},
    "lifts": {"synthetic": LIFT},
    "per_type": {"pit": {"lift": 0.05, "low": 0.01, "high": 0.09}},
    "shares": {"0": {"pit": 0.5}},
}


def test_a_verdict_shows_arms_types_and_intervals() -> None:
    page = gate_tables(REPORT)
    assert "**ring: not proven**" in page and "30 minutes" in page
    assert "| oversampled |  | 0.400 +- 0.010 | 0.800 +- 0.020 |" in page
    assert "| synthetic | +0.020 (-0.010 to +0.050) | 0.400 +- 0.010 | 0.800 +- 0.020 |" in page
    assert "| pit | 0.5 | 0.300 +- 0.020 | 0.350 +- 0.030 | +0.050 (+0.010 to +0.090) |" in page


def test_rehearsals_stand_below_one_control() -> None:
    reports = {
        name: {
            "average_precision": [
                {"type": "pit", "real": 0.2, "0.5 synthetic": value},
                {"type": "mean of types", "real": 0.2, "0.5 synthetic": value},
            ],
            "spread": [
                {"type": "pit", "real": None, "0.5 synthetic": 0.012},
                {"type": "mean of types", "real": None, "0.5 synthetic": 0.02},
            ],
        }
        for name, value in (("plain", 0.25), ("pasted", 0.3))
    }
    assert rehearsal_table(reports).splitlines() == [
        "| set | pit | mean of types |",
        "|---|---|---|",
        "| none (the control) | 0.200 | **0.200** |",
        "| plain, share 0.5 | 0.250 +- 0.012 | **0.250 +- 0.020** |",
        "| pasted, share 0.5 | 0.300 +- 0.012 | **0.300 +- 0.020** |",
    ]


def test_the_check_of_the_gate_counts_false_verdicts() -> None:
    harm = [{"name": "masks elsewhere", "verdict": "harms", "lift": -0.2, "low": -0.3, "high": -0.1}]
    report = {"harm": harm, "equal": harm * 20, "equal_helps": 1, "equal_harms": 0}
    page = trust_table(report)
    assert "| masks elsewhere | harms | -0.200 (-0.300 to -0.100) |" in page
    assert "| two equal real-only arms | helps 1, harms 0 of 20 |" in page
    assert "equal" not in trust_table({**report, "equal": []})
