"""A part whose samples were made, reviewed and judged, without training anything: what the figures' tests share."""

from __future__ import annotations

import math
from typing import Any

from data_registry.records import NewSample, PartRecord
from pipelines.figures.kpi_speed import record_speed
from pipelines.wiring import Workplace
from tests.data_registry.rows import dataset, defect, good, model, sample, sha

DEVICE = "A Fast GPU"


def judged_part(work: Workplace, name: str = "tile", session: str | None = "s1") -> PartRecord:
    """A part with 100 samples of two types, a pace, a verdict, and reviews in a blind session.

    A fifth of what was shown are controls. Without a session the reviews are open and have none.
    """
    with work.registry.write() as rows:
        part = rows.parts.add(name, source_root="plant")
        rows.images.add_many(part.id, [good(f"{name}-{number}") for number in range(20)])
        rows.images.add_many(part.id, [defect(f"{name}-d{number}") for number in range(20)])
        trained = model(rows, part, dataset(rows, part))
        images = rows.images.page(part.id, kind="good")
        rows.samples.add_many(part.id, [_sample(name, images[0], trained, number) for number in range(100)])
        for one in rows.samples.page(part.id, limit=100):
            decision = "ng" if one.index % 10 == 9 else "ok"
            rows.reviews.add(one.id, decision=decision, reviewer="Sato", session=session)
        controls = [*images[:12], *rows.images.page(part.id, kind="defect")[:14]] if session else []
        for place, image in enumerate(controls):
            right = "ok" if image.kind == "defect" else "ng"
            wrong = {"ok": "ng", "ng": "ok"}[right]
            decision = wrong if place % 7 == 6 else right
            rows.reviews.add_control(image.id, decision=decision, reviewer="Sato", session=str(session))
    chunks = [(30.0, 10)] + [(2.0 + place % 3, 4) for place in range(12)]
    record_speed(work.registry, part.id, chunks, {"device": DEVICE, "model": 1, "window": 64, "batch": 4})
    add_verdict(work, part)
    return part


def add_verdict(work: Workplace, part: PartRecord, **changes: Any) -> None:
    """Freeze a synthetic version and store a verdict on it."""
    facts: dict[str, Any] = {
        "decision": "helps",
        "metric": "pixel_ap_macro",
        "lift": 0.052,
        "lift_low": 0.011,
        "lift_high": 0.094,
        "settings_sha256": sha("settings"),
        "report": gate_report(),
    }
    with work.registry.write() as rows:
        version = rows.datasets.add(
            part.id, kind="synthetic", manifest_sha256=sha(part.name), counts={"crack": 100}
        )
        rows.verdicts.add(part.id, dataset_version_id=version.id, **facts | changes)


def gate_report() -> dict[str, Any]:
    """What a thorough gate tells, with invented figures."""
    steps = [number / 20 for number in range(21)]
    curves = {}
    for name, strength in (("before", 3.0), ("after", 5.0), ("cutpaste", 4.0)):
        precision = [1 - 0.75 * recall**strength for recall in steps]
        curves[name] = {
            "recall": steps,
            "precision": precision,
            "low": [
                max(value - 0.07 * math.sin(3 * at), 0) for at, value in zip(steps, precision, strict=True)
            ],
            "high": [
                min(value + 0.05 * math.sin(3 * at), 1) for at, value in zip(steps, precision, strict=True)
            ],
        }
    return {
        "reason": "The lift is +0.052 (+0.011 to +0.094) over oversampled: all of the interval lies above 0.",
        "against": "real oversampled",
        "needed_defects": None,
        "next_step": "Leave pit out.",
        "notes": ["Only 9 groups are held out."],
        "per_type": {
            "crack": {"lift": 0.11, "low": 0.05, "high": 0.17},
            "pit": {"lift": -0.04, "low": -0.09, "high": -0.01},
            "stain <b>": {"lift": 0.02, "low": -0.03, "high": 0.07},
        },
        "lifts": {
            "real only": {"lift": -0.02, "low": -0.05, "high": 0.01},
            "real + CutPaste": {"lift": 0.02, "low": -0.01, "high": 0.05},
            "real + synthetic": {"lift": 0.052, "low": 0.011, "high": 0.094},
        },
        "lift_by_synthetic": [
            {"x": x, "lift": lift, "low": lift - 0.03, "high": lift + 0.03}
            for x, lift in ((0, 0.0), (0.5, 0.02), (1, 0.045), (2, 0.052), (4, 0.048))
        ],
        "lift_by_real": [
            {"x": x, "lift": lift, "low": lift - 0.04, "high": lift + 0.04}
            for x, lift in ((5, 0.11), (10, 0.08), (20, 0.05), (49, 0.03))
        ],
        "curves": {"precision_recall": curves},
        "operating_point": {
            "recall_before": 0.60,
            "recall_after": 0.70,
            "false_reject_before": 0.050,
            "false_reject_after": 0.048,
            "defects": 60,
            "found_new": 9,
            "lost": 3,
            "good": 2000,
            "newly_rejected": 10,
            "newly_accepted": 14,
        },
    }


def _sample(part: str, source: Any, trained: Any, number: int) -> NewSample:
    kind = "pit" if number % 4 == 3 else "crack"
    return sample(source, trained, number, defect_type=kind, request_sha256=sha(f"request of {part}"))
