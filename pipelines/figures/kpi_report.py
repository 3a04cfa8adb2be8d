"""What the `kpi` command reports: everything for programs, and a summary for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from data_registry.outcome_records import KpiRecord
from pipelines.figures.kpi_facts import Facts
from pipelines.figures.kpi_gate import GateView
from pipelines.figures.kpi_quality import Quality, Share
from pipelines.figures.kpi_words import INPUTS, money_says, quality_says, verdict_says
from pipelines.figures.roi_draws import Roi


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedLine:
    """Seconds per kept image of the last generation, and what it ran on."""

    p50: float
    p95: float
    warm: bool
    kept: int
    device: str
    model: int
    first_image: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiReport:
    """A part's figures.

    Attributes:
        part: whose.
        verdict, money: the two sentences to read.
        speed: None before a generation.
        quality: None before a review; `quality_note` says how far to trust it.
        gate: the last verdict, None before one.
        roi: benefit per month and what belongs to it; None where recall was not measured.
        break_even: gain in recall at which it breaks even; infinite where a caught defect saves nothing.
        currency: of all money here.
        sources: where the inputs are from that are no example any more, by name.
        examples: inputs that are still examples of ours and not the plant's.
        stored: figures that were new and are kept.
        html: the page, when one was asked for.
        mlflow_run: the run that has these figures, None without tracking.
    """

    part: str
    verdict: str
    money: str
    speed: SpeedLine | None
    quality: Quality | None
    quality_note: str
    gate: GateView | None
    roi: Roi | None
    break_even: float
    currency: str
    sources: Mapping[str, str]
    examples: tuple[str, ...]
    stored: int
    html: str | None
    mlflow_run: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureLine:
    """One figure for people; shares are in per cent."""

    figure: str
    value: float
    low: float | None
    high: float | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeLine:
    """One defect type: the gate's lift and what people approved, in per cent."""

    defect_type: str
    lift: float | None
    low: float | None
    high: float | None
    approved: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiSummary:
    """What a person reads of the report first."""

    part: str
    verdict: str
    money: str
    figures: tuple[FigureLine, ...]
    defect_types: tuple[TypeLine, ...]
    notes: tuple[str, ...]
    html: str | None
    mlflow_run: str | None


def summary(report: KpiReport) -> KpiSummary:
    """The report without what belongs on the page: curves, terms, inputs."""
    lines = []
    if (speed := report.speed) is not None:
        name = f"seconds per kept image, p50 and p95, {'warm' if speed.warm else 'not warm'}"
        lines.append(FigureLine(figure=name, value=speed.p50, low=None, high=speed.p95, unit="s"))
    if (q := report.quality) is not None:
        lines.append(_share_line("usable rate", q.usable))
        if q.controls_right is not None:
            lines.append(_share_line("real controls judged right", q.controls_right))
        if q.real_rejected is not None:
            lines.append(_share_line("real defects turned away", q.real_rejected))
        if q.good_approved is not None:
            lines.append(_share_line("good parts approved as defects", q.good_approved))
    if (gate := report.gate) is not None:
        name = f"lift in {gate.metric}"
        lines.append(FigureLine(figure=name, value=gate.lift, low=gate.low, high=gate.high, unit=""))
    if (roi := report.roi) is not None:
        low, mid, high = roi.benefit
        unit = f"{roi.currency}/month"
        lines.append(FigureLine(figure="benefit, 5 to 95 %", value=mid, low=low, high=high, unit=unit))
        lines.append(FigureLine(figure="P(net > 0)", value=roi.p_net, low=None, high=None, unit=""))
    even = "gain in recall to break even"
    lines.append(FigureLine(figure=even, value=report.break_even, low=None, high=None, unit=""))
    return KpiSummary(
        part=report.part,
        verdict=report.verdict,
        money=report.money,
        figures=tuple(lines),
        defect_types=_types(report),
        notes=_notes(report),
        html=report.html,
        mlflow_run=report.mlflow_run,
    )


def report_of(facts: Facts, stored: int, html: Path | None, run_id: str | None) -> KpiReport:
    """The report of one look at a part's figures.

    Args:
        facts: what was gathered.
        stored: how many figures were new.
        html: the page, when it was written.
        run_id: MLflow's run.
    """
    stated = {
        name: value["source"] for name, value in asdict(facts.inputs).items() if isinstance(value, dict)
    }
    ours = facts.inputs.examples()
    return KpiReport(
        part=facts.part,
        verdict=verdict_says(facts.gate),
        money=money_says(facts.roi, facts.break_even, facts.inputs.currency),
        speed=_speed(facts.speed),
        quality=facts.quality,
        quality_note=quality_says(facts.quality),
        gate=facts.gate,
        roi=facts.roi,
        break_even=facts.break_even,
        currency=facts.inputs.currency,
        sources={name: source for name, source in stated.items() if name not in ours},
        examples=ours,
        stored=stored,
        html=str(html) if html else None,
        mlflow_run=run_id,
    )


def _speed(record: KpiRecord | None) -> SpeedLine | None:
    if record is None:
        return None
    told = record.details
    return SpeedLine(
        p50=record.value,
        p95=record.high if record.high is not None else record.value,
        warm=bool(told.get("warm")),
        kept=int(told.get("kept", 0)),
        device=str(told.get("device", "")),
        model=int(told.get("model", 0)),
        first_image=float(told.get("first", 0.0)),
    )


def _share_line(figure: str, one: Share) -> FigureLine:
    value, low, high = (100 * part for part in (one.rate, one.low, one.high))
    return FigureLine(figure=figure, value=value, low=low, high=high, unit="%")


def _types(report: KpiReport) -> tuple[TypeLine, ...]:
    lifts = {str(one.x): one for one in report.gate.per_type} if report.gate else {}
    approved = report.quality.per_type if report.quality else {}
    return tuple(
        TypeLine(
            defect_type=name,
            lift=lifts[name].lift if name in lifts else None,
            low=lifts[name].low if name in lifts else None,
            high=lifts[name].high if name in lifts else None,
            approved=100 * approved[name].rate if name in approved else None,
        )
        for name in sorted({*lifts, *approved})
    )


def _notes(report: KpiReport) -> tuple[str, ...]:
    notes = [report.quality_note]
    if report.speed is not None:
        notes.insert(
            0, f"The pace was measured on {report.speed.device}, over {report.speed.kept} kept images."
        )
    if report.examples:
        ours = ", ".join(INPUTS[name] for name in report.examples)
        notes.append(
            f"Still examples of ours and not this plant's figures: {ours}. State them with --inputs FILE."
        )
    return tuple(notes)
