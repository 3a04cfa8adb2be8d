"""The figures' page: one HTML file that opens without a network, in light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from data_registry.outcome_records import KpiRecord
from pipelines.figures import kpi_names as names
from pipelines.figures.kpi_facts import Facts
from pipelines.figures.kpi_gate import Bounded, GateView
from pipelines.figures.kpi_page_cards import cards, share_text
from pipelines.figures.kpi_page_style import STYLE
from pipelines.figures.kpi_words import FIGURES, INPUTS, MARKS, verdict_says
from pipelines.figures.roi_draws import Roi
from pipelines.figures.roi_inputs import estimates, unit_of
from pipelines.figures.svg_charts import Series, curves, forest, points, tornado, trend, waterfall
from pipelines.figures.svg_frame import short

_MOST_SWINGS = 8
_PERCENT = (names.USABLE, names.CONTROL_REJECTED, names.CONTROL_APPROVED)


def page(facts: Facts) -> str:
    """The whole page as HTML."""
    sections = [
        _head(facts),
        _verdict(facts.gate),
        cards(facts),
        _gate_section(facts.gate),
        _types(facts),
        _money(facts),
        _trends(facts),
        _inputs(facts),
        _meaning(facts),
    ]
    title = f"{escape(facts.part)}: speed, quality, benefit"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{''.join(sections)}</main></body></html>\n"
    )


def _head(facts: Facts) -> str:
    return (
        f"<h1>{escape(facts.part)}: do the samples help, and do they pay?</h1>"
        f'<p class="soft">{facts.at:%Y-%m-%d %H:%M} UTC. All intervals are 95 % unless said otherwise.</p>'
    )


def _verdict(gate: GateView | None) -> str:
    css = gate.decision.replace(" ", "-") if gate else "none"
    word = MARKS[gate.decision] if gate else "– not judged"
    about = f" <span class='soft'>(synthetic version {gate.version})</span>" if gate else ""
    return (
        f'<div class="verdict {css}"><strong>{escape(word)}</strong>{about}'
        f"<p>{escape(verdict_says(gate))}</p></div>"
    )


def _gate_section(gate: GateView | None) -> str:
    if gate is None:
        return ""
    parts = []
    if gate.curves:
        names = {
            "before": f"before: {gate.against or 'real pictures alone'}",
            "after": "after: with the samples",
        }
        series = [
            Series(
                name=names.get(one.name, one.name),
                css=one.name if one.name in names else "other",
                x=one.recall,
                y=one.precision,
                low=one.low,
                high=one.high,
            )
            for one in gate.curves
        ]
        told = "Precision over recall on held-out real pictures, before and after"
        parts.append(f"<h3>{told}</h3>" + curves(series, "recall", "precision", told))
    for found, x_label in (
        (gate.by_synthetic, "synthetic samples, times the real ones"),
        (gate.by_real, "real defects per type given"),
    ):
        if found:
            told = f"Lift against {x_label}"
            series = [_lifts(gate.metric, found)]
            parts.append(f"<h3>{told}</h3>" + points(series, x_label, f"lift in {gate.metric}", told))
    if gate.arms:
        told = f"Lift of each arm over {gate.against}" if gate.against else "Lift of each arm"
        rows = [(str(row.x), row.lift, row.low, row.high) for row in gate.arms]
        parts.append(f"<h3>{escape(told)}</h3>" + forest(rows, f"lift in {gate.metric}", told))
    parts += [f'<p class="soft">{escape(note)}</p>' for note in gate.notes]
    return f"<h2>What the gate measured</h2>{''.join(parts)}" if parts else ""


def _lifts(name: str, found: Sequence[Bounded]) -> Series:
    return Series(
        name=name,
        css="after",
        x=[float(one.x) for one in found],
        y=[one.lift for one in found],
        low=[one.low for one in found],
        high=[one.high for one in found],
    )


def _types(facts: Facts) -> str:
    """One row per defect type: what the gate and what people said."""
    lifts = {str(one.x): one for one in facts.gate.per_type} if facts.gate else {}
    usable = facts.quality.per_type if facts.quality else {}
    types = sorted({*lifts, *usable})
    if not types:
        return ""
    rows = []
    for name in types:
        lift = lifts.get(name)
        rows.append(
            [
                name,
                f"{lift.lift:+.3f} ({lift.low:+.3f} to {lift.high:+.3f})" if lift else "",
                _says(lift) if lift else "",
                share_text(usable[name]) if name in usable else "",
            ]
        )
    heads = ["defect type", "lift", "", "approved by people"]
    return "<h2>By defect type</h2>" + _table(heads, rows)


def _says(lift: Bounded) -> str:
    if lift.low > 0:
        return "✓ better"
    return "✕ worse" if lift.high < 0 else "? open"


def _money(facts: Facts) -> str:
    if (roi := facts.roi) is None:
        return ""
    unit = f"{roi.currency} per month"
    told = f"Where it comes from: {unit}, averaged over {roi.months} months, all inputs in the middle"
    text = f"<h2>Money</h2><h3>{escape(told)}</h3>" + waterfall(roi.waterfall, unit, told)
    if not roi.tornado:
        return text
    told = f"What moves it most: net {unit} with one input at its 5 % and at its 95 % point"
    key = (
        '<ul class="legend"><li><span class="swatch low"></span>input at its 5 % point</li>'
        '<li><span class="swatch high"></span>at its 95 % point</li></ul>'
    )
    return f"{text}<h3>{escape(told)}</h3>{_tornado(roi, unit, told)}{key}"


def _tornado(roi: Roi, unit: str, told: str) -> str:
    rows = [
        (
            INPUTS[one.name],
            one.at_low,
            one.at_high,
            short(_round(one.low_value)),
            short(_round(one.high_value)),
        )
        for one in roi.tornado[:_MOST_SWINGS]
    ]
    return tornado(rows, roi.waterfall["net"], f"net, {unit}", told)


def _trends(facts: Facts) -> str:
    drawn = []
    for name, kept in facts.history.items():
        # money of another currency, or of an older unit, is another figure
        same = [one for one in kept if one.unit == kept[-1].unit] if kept else []
        if len(same) < 2:
            continue
        scale = 100.0 if name in _PERCENT else 1.0
        unit = "%" if name in _PERCENT else same[-1].unit
        bounds = [
            (one.low if one.low is not None else one.value, one.high if one.high is not None else one.value)
            for one in same
        ]
        series = Series(
            name=name,
            css="after",
            x=[float(place) for place in range(1, len(same) + 1)],
            y=[scale * one.value for one in same],
            low=[scale * low for low, _ in bounds],
            high=[scale * high for _, high in bounds],
        )
        told = f"{FIGURES[name]}, {_days(same)}"
        drawn.append(f"<div><h3>{escape(told)}</h3>{trend(series, unit, told)}</div>")
    if not drawn:
        return ""
    note = "Each point is a run whose figure changed. Dashed lines are control limits, from eight points on."
    return f'<h2>Over time</h2><p class="soft">{note}</p><div class="trends">{"".join(drawn)}</div>'


def _days(kept: Sequence[KpiRecord]) -> str:
    first, last = (f"{one.created_at:%Y-%m-%d}" for one in (kept[0], kept[-1]))
    return first if first == last else f"{first} to {last}"


def _inputs(facts: Facts) -> str:
    given, rows = facts.inputs, []
    for name in estimates():
        if name == "defect_rate" and given.defect_counts is not None:
            continue
        one = getattr(given, name)
        spread = f"{one.lowest:,.6g} to {one.highest:,.6g}" if one.lowest < one.highest else ""
        rows.append([INPUTS[name], f"{one.mid:,.6g}", spread, unit_of(name, given.currency), one.source])
    if (counted := given.defect_counts) is not None:
        rate = f"{counted.defects / counted.parts:.4g}"
        told = f"{counted.defects} of {counted.parts}"
        rows.append(["true defect rate, as counted", rate, told, "share of parts", counted.source])
    rows.append(["horizon", str(given.months), "", "months", ""])
    ramp = f"full after {given.ramp_months} more months"
    rows.append(["months before any benefit", str(given.ramp_start), "", "months", ramp])
    if (measured := facts.measured) is not None:
        told = f"{measured.recall_gain:+.4f}"
        rows.append([INPUTS["recall_gain"], told, "", "share of real defects", measured.source])
        told = f"{measured.false_reject_gain:+.4f}"
        rows.append([INPUTS["false_reject_gain"], told, "", "share of good parts", measured.source])
    heads = ["input", "middle", "low to high", "unit", "source"]
    return "<h2>What went in</h2>" + _table(heads, rows)


def _meaning(facts: Facts) -> str:
    draws = f"{facts.roi.draws:,} draws, seed {facts.roi.seed}. " if facts.roi else ""
    return (
        "<h2>How to read it</h2><p>Benefit = parts × (defect rate × covered × owed to inspection × gain in recall × "
        "(escape − caught) − good share × change in false rejects × false reject). One operating point: a gain is "
        "counted as recall or as fewer false rejects, never as both. Hours and calendar time saved are not counted "
        f"beside it. {draws}Net = benefit over the ramp − running cost − set-up cost. <b>pays</b>: P(net > 0) of "
        "0.95 or more; <b>likely pays</b>: 0.9; below that it is <b>not proven</b>.</p>"
        "<p>Usable rate = approved / reviewed. Seconds per kept image count rejected draws and all checks.</p>"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _round(value: float) -> float:
    return float(f"{value:.3g}")
