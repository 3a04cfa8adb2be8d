"""Everything that one look at a part's figures gathers: what the command reports and the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data_registry.outcome_records import KpiRecord, VerdictRecord
from data_registry.records import PartRecord
from pipelines.figures import kpi_names as names
from pipelines.figures.kpi_gate import GateView, measured_by, view_of
from pipelines.figures.kpi_quality import Quality, quality
from pipelines.figures.roi import break_even, ramp
from pipelines.figures.roi_draws import Measured, Roi, compute, from_counts, middle
from pipelines.figures.roi_inputs import RoiInputs
from pipelines.wiring import Workplace

MOST_RUNS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One part's figures at one moment.

    Attributes:
        part, at: whose, and when (UTC).
        speed: the last generation's pace, None before one.
        quality: what people decided, None before any.
        gate: the last verdict, None before one.
        inputs: of the money page.
        measured: what recall and false rejects changed by, None where nobody measured it.
        roi: None without `measured`.
        break_even: recall gain at which the net is 0, at the measured change of false rejects, else at none.
        history: the figures that were kept before, by name, oldest first.
    """

    part: str
    at: datetime
    speed: KpiRecord | None
    quality: Quality | None
    gate: GateView | None
    inputs: RoiInputs
    measured: Measured | None
    roi: Roi | None
    break_even: float
    history: Mapping[str, tuple[KpiRecord, ...]]


def gather(work: Workplace, part: PartRecord, inputs: RoiInputs, *, seed: int = 0) -> Facts:
    """Read and work out all figures of a part; nothing is stored."""
    with work.registry.read() as rows:
        verdict = rows.verdicts.latest(part.id)
        versions = {one.id: one.number for one in rows.datasets.list(part.id)}
        speed = rows.kpis.latest(part.id, names.SPEED)
        blind = quality(rows.reviews.counts(part.id, blind=True), blind=True)
        decided = blind or quality(rows.reviews.counts(part.id, blind=False), blind=False)
        history = {name: tuple(rows.kpis.recent(part.id, name, MOST_RUNS)) for name in names.ALL}
    measured = _measured(inputs, verdict)
    mid = middle(inputs, 0.0, measured.false_reject_gain if measured else 0.0)
    return Facts(
        part=part.name,
        at=datetime.now(UTC),
        speed=speed,
        quality=decided,
        gate=view_of(verdict, versions[verdict.dataset_version_id]) if verdict else None,
        inputs=inputs,
        measured=measured,
        roi=compute(inputs, measured, seed=seed) if measured else None,
        break_even=float(break_even(mid, ramp(inputs))),
        history=history,
    )


def rows_of(facts: Facts) -> list[dict[str, Any]]:
    """The figures to keep, as arguments of `kpis.add`; the pace is kept by the generation itself."""
    found: list[dict[str, Any]] = []
    details: dict[str, Any]
    if (q := facts.quality) is not None:
        for name, one in (
            (names.USABLE, q.usable),
            (names.CONTROL_REJECTED, q.real_rejected),
            (names.CONTROL_APPROVED, q.good_approved),
        ):
            if one is not None:
                details = {"yes": one.yes, "of": one.of, "blind": q.blind, "control_share": q.control_share}
                found.append(_row(name, one.rate, "", one.low, one.high, details))
    if (gate := facts.gate) is not None:
        details = {"decision": gate.decision, "metric": gate.metric, "version": gate.version}
        found.append(_row(names.LIFT, gate.lift, "", gate.low, gate.high, details))
    if (roi := facts.roi) is not None:
        low, mid, high = roi.benefit
        details = {"word": roi.word, "draws": roi.draws, "seed": roi.seed, "months": roi.months}
        unit = f"{roi.currency}/month"
        found.append(_row(names.BENEFIT, mid, unit, low, high, details))
        found.append(_row(names.P_NET, roi.p_net, "", None, None, details))
        if roi.break_even < float("inf"):
            found.append(_row(names.BREAK_EVEN, roi.break_even, "", None, None, {"months": roi.months}))
    return found


def keep(work: Workplace, part: PartRecord, rows: list[dict[str, Any]]) -> int:
    """Store the figures that differ from the last ones of their name; returns how many did."""
    stored = 0
    with work.registry.write() as registry:
        for row in rows:
            last = registry.kpis.latest(part.id, row["name"])
            if last is None or any(getattr(last, key) != value for key, value in row.items()):
                registry.kpis.add(part.id, **row)
                stored += 1
    return stored


def _row(
    name: str, value: float, unit: str, low: float | None, high: float | None, details: dict[str, Any]
) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "low": low, "high": high, "details": details}


def _measured(inputs: RoiInputs, verdict: VerdictRecord | None) -> Measured | None:
    """The plant's own trial where the inputs have one, else the gate's."""
    if inputs.recall is not None and inputs.false_rejects is not None:
        return from_counts(inputs.recall, inputs.false_rejects)
    return measured_by(verdict) if verdict is not None else None
