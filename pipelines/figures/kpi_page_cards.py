"""The three cards at the top of the figures' page: speed, quality, benefit."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pipelines.figures.kpi_facts import Facts
from pipelines.figures.kpi_quality import Share
from pipelines.figures.kpi_words import money_says, quality_says


def cards(facts: Facts) -> str:
    """The three cards side by side."""
    return f'<div class="cards">{_speed_card(facts)}{_quality_card(facts)}{_money_card(facts)}</div>'


def _speed_card(facts: Facts) -> str:
    if (record := facts.speed) is None:
        return _card("Speed", "–", ["Nothing has been generated since this figure is kept."])
    told = record.details
    p95 = record.high if record.high is not None else record.value
    return _card(
        "Speed: seconds per kept image",
        f"{record.value:.3g} s",
        [
            f"p95 {p95:.3g} s; {'warm' if told.get('warm') else 'not warm'}, rejects and checks included.",
            f"{told.get('device', 'a device without a name')}.",
            (
                f"Window {told.get('window', '?')}, batch {told.get('batch', '?')}, {told.get('solver', '?')} with "
                f"{told.get('steps', '?')} calls."
            ),
            f"First image after {float(told.get('first', 0)):.3g} s; {told.get('kept', '?')} kept images.",
        ],
    )


def _quality_card(facts: Facts) -> str:
    if (q := facts.quality) is None:
        return _card("Quality: usable rate", "–", [quality_says(None)])
    lines = [f"{q.usable.yes} of {q.usable.of} approved, {_interval(q.usable)}.", quality_says(q)]
    if q.controls_right:
        lines.append(f"Real controls judged right: {share_text(q.controls_right)}.")
    if q.real_rejected:
        lines.append(f"Real defects turned away: {share_text(q.real_rejected)}.")
    if q.good_approved:
        lines.append(f"Good parts approved as defects: {share_text(q.good_approved)}.")
    return _card("Quality: usable rate", f"{q.usable.rate:.0%}", lines)


def _money_card(facts: Facts) -> str:
    money = money_says(facts.roi, facts.break_even, facts.inputs.currency)
    if (roi := facts.roi) is None:
        return _card("Benefit per month", "–", [money])
    payback = f"it pays back in month {roi.payback}." if roi.payback else "it does not pay back in that time."
    lower = f"{roi.benefit[0]:,.0f} {roi.currency}"
    return _card(
        "Benefit per month: lower 5 %",
        lower,
        [money, f"With all inputs in the middle, {payback}", *_examples(facts)],
    )


def _examples(facts: Facts) -> list[str]:
    ours = facts.inputs.examples()
    return [f"{len(ours)} inputs are examples and not yet this plant's; see below."] if ours else []


def _card(head: str, big: str, lines: Iterable[str]) -> str:
    texts = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div class="card"><h2>{escape(head)}</h2><p class="big">{escape(big)}</p>{texts}</div>'


def _interval(one: Share) -> str:
    return f"{one.low:.1%} to {one.high:.1%}"


def share_text(one: Share) -> str:
    """A share with its counts and interval."""
    return f"{one.rate:.0%} ({one.yes} of {one.of}, {_interval(one)})"
