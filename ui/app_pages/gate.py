"""Gate and figures: does it help, does it pay, how has it gone; inputs can be changed and everything follows."""

from __future__ import annotations

import streamlit as st

from data_registry.outcome_records import HARMS, HELPS, NOT_PROVEN
from data_registry.records import PartRecord
from pipelines.figures import kpi_names as names
from pipelines.figures.kpi_facts import Facts
from pipelines.figures.kpi_gate import Bounded, GateView
from pipelines.figures.kpi_page import page as report_page
from pipelines.queries.figures import figures, kept_inputs
from ui.error_box import errors_shown
from ui.language.messages import told
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets import figure_charts as charts
from ui.widgets.empty import need, needs_part
from ui.widgets.job_box import engine_runs, ordered, show_jobs
from ui.widgets.money import INPUT_WORDS, TERM_WORDS, edit_inputs

SENTENCES = {
    HELPS: N_("An inspector trained with the samples finds more on real pictures that were held out."),
    NOT_PROVEN: N_("The held-out real pictures do not show yet whether the samples help an inspector."),
    HARMS: N_("An inspector trained with the samples does worse on real pictures that were held out."),
}
MARKS = {HELPS: N_("✓ helps"), NOT_PROVEN: N_("? not proven"), HARMS: N_("✕ harms")}
MONEY_WORDS = {"pays": N_("pays"), "likely pays": N_("likely pays"), "not proven": N_("not proven")}
TRENDS = {
    names.SPEED: N_("seconds per kept image"),
    names.USABLE: N_("usable rate, %"),
    names.LIFT: N_("lift found by the gate"),
    names.BENEFIT: N_("benefit per month"),
}


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Gate and figures"))
    part = needs_part(session)
    if part is None:
        return
    facts = figures(session.work, part, kept_inputs(session.work, part))
    _verdict(facts.gate)
    _cards(facts)
    helps, pays, time, run = st.tabs(
        [_("Does it help?"), _("Does it pay?"), _("Over time"), _("Run the gate")], key="gate_tabs"
    )
    with helps:
        _help(facts)
    with pays:
        _pay(session, part, facts)
    with time:
        _trends(facts)
    with run:
        _run(session, part)


def _verdict(gate: GateView | None) -> None:
    if gate is None:
        need(
            _("No gate has judged these samples yet"),
            _(
                "The gate trains an inspector with and without the samples and compares both on real pictures that "
                "nobody trained on. Start it in the tab “Run the gate”, or with `factory-gen gate`."
            ),
        )
        return
    with st.container(border=True):
        st.markdown(f"### {_(MARKS[gate.decision])}")
        st.markdown(
            _(SENTENCES[gate.decision])
            + " "
            + _("Lift {lift:+.3f} ({low:+.3f} to {high:+.3f}) in {metric}, version {version}.").format(
                lift=gate.lift, low=gate.low, high=gate.high, metric=gate.metric, version=gate.version
            )
        )
        for text in (gate.reason, gate.next_step, *gate.notes):
            if text:
                st.caption(told(text))


def _cards(facts: Facts) -> None:
    speed, quality, money = st.columns(3)
    if facts.speed is None:
        speed.metric(
            _("Speed"), "–", help=_("Known after the first generation."), border=True, height="stretch"
        )
    else:
        speed.metric(
            _("Seconds per kept image"),
            f"{facts.speed.value:.2f}",
            help=f"{facts.speed.details.get('device', '')}",
            border=True,
            height="stretch",
        )
    if facts.quality is None:
        quality.metric(
            _("Usable rate"), "–", help=_("Known after the first review."), border=True, height="stretch"
        )
    else:
        q = facts.quality
        quality.metric(
            _("Usable rate"),
            f"{q.usable.rate:.0%}",
            f"{q.usable.low:.0%} – {q.usable.high:.0%}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help=_("From a blind session.") if q.blind else _("From open reviews, which flatter."),
        )
    if facts.roi is None:
        money.metric(
            _("Benefit per month"),
            "–",
            help=_("Known once a gate has measured recall and false rejects."),
            border=True,
            height="stretch",
        )
    else:
        low, mid, high = facts.roi.benefit
        money.metric(
            _("Benefit per month, {currency}").format(currency=facts.roi.currency),
            f"{mid:,.0f}",
            f"{low:,.0f} – {high:,.0f} · {_(MONEY_WORDS.get(facts.roi.word, facts.roi.word))}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )


def _help(facts: Facts) -> None:
    gate = facts.gate
    if gate is None:
        st.caption(_("Curves come with the first verdict."))
    else:
        _gate_charts(gate)
    _types(facts)


def _gate_charts(gate: GateView) -> None:
    left, right = st.columns(2)
    lift = _("lift in {metric}").format(metric=gate.metric)
    if gate.curves:
        told = {"before": _("before: without the samples"), "after": _("after: with the samples")}
        left.markdown("**" + _("Precision over recall, held-out real pictures") + "**")
        left.altair_chart(charts.precision_recall(gate.curves, told, _("recall"), _("precision")))
    if gate.arms:
        right.markdown("**" + _("Lift of each arm") + "**")
        right.altair_chart(charts.lifts_of(gate.arms, lift))
    left, right = st.columns(2)
    if gate.by_synthetic:
        left.markdown("**" + _("How many samples: lift curve") + "**")
        left.altair_chart(charts.lifts_over(gate.by_synthetic, _("synthetic per real defect"), lift))
    if gate.by_real:
        right.markdown("**" + _("How few real defects: few-shot curve") + "**")
        right.altair_chart(charts.lifts_over(gate.by_real, _("real defects per type"), lift))


def _types(facts: Facts) -> None:
    lifts = {str(one.x): one for one in facts.gate.per_type} if facts.gate else {}
    usable = facts.quality.per_type if facts.quality else {}
    rows = []
    for name in sorted({*lifts, *usable}):
        one, share = lifts.get(name), usable.get(name)
        rows.append(
            {
                _("defect type"): name,
                _("lift"): f"{one.lift:+.3f} ({one.low:+.3f} – {one.high:+.3f})" if one else "",
                _("verdict"): _says(one) if one else "",
                _("approved by people"): f"{share.rate:.0%} ({share.yes}/{share.of})" if share else "",
            }
        )
    if rows:
        st.markdown("**" + _("By defect type") + "**")
        st.dataframe(rows, hide_index=True)


def _says(one: Bounded) -> str:
    if one.low > 0:
        return _("✓ better")
    return _("✕ worse") if one.high < 0 else _("? open")


def _pay(session: Session, part: PartRecord, kept: Facts) -> None:
    inputs = edit_inputs(part, kept.inputs)
    with errors_shown():
        facts = kept if inputs == kept.inputs else figures(session.work, part, inputs)
        _money_sentence(facts)
        if facts.roi is not None:
            roi, unit = facts.roi, _("{currency} per month").format(currency=facts.roi.currency)
            left, right = st.columns(2)
            left.markdown("**" + _("Where it comes from") + "**")
            left.altair_chart(charts.waterfall(roi.waterfall, {k: _(v) for k, v in TERM_WORDS.items()}, unit))
            right.markdown("**" + _("What moves it most") + "**")
            ends = (_("input at its 5 % point"), _("input at its 95 % point"))
            told = {name: _(text) for name, text in INPUT_WORDS.items()}
            right.altair_chart(charts.tornado(roi.tornado[:8], roi.waterfall["net"], told, unit, ends))
        save, load = st.columns(2)
        if session.may("figures") and save.button(_("Keep these inputs and today's figures"), type="primary"):
            session.service.keep_figures(part=part.name, inputs=inputs)
            st.toast(_("Kept."))
        load.download_button(
            _("Download the report (HTML)"),
            data=report_page(facts),
            file_name=f"factory_gen-{part.id}-figures.html",
            mime="text/html",
        )


def _money_sentence(facts: Facts) -> None:
    even = facts.break_even
    if even == float("inf"):
        text = _("It can never pay: a caught defect saves nothing here.")
    elif even <= 0:
        text = _("It breaks even without any gain in recall.")
    else:
        text = _("It breaks even at a gain in recall of {gain:.3f}.").format(gain=even)
    if (roi := facts.roi) is None:
        st.info(_("Recall and false rejects have not been measured, so no benefit is stated.") + " " + text)
        return
    low, mid, high = roi.benefit
    word = _(MONEY_WORDS.get(roi.word, roi.word))
    st.markdown(
        f"#### {word}: "
        + _("{mid:,.0f} {currency} per month (5 to 95 %: {low:,.0f} to {high:,.0f})").format(
            mid=mid, low=low, high=high, currency=roi.currency
        )
    )
    st.markdown(
        _("P(net > 0 in {months} months) = {chance:.2f}.").format(months=roi.months, chance=roi.p_net)
        + " "
        + text
        + " "
        + _("Measured: {gain:+.3f} ({low:+.3f} to {high:+.3f}).").format(
            gain=roi.recall_gain[0], low=roi.recall_gain[1], high=roi.recall_gain[2]
        )
    )
    if facts.inputs.examples():
        ours = ", ".join(_(INPUT_WORDS[name]) for name in facts.inputs.examples())
        st.caption(_("Still our examples and not this plant's figures: {names}.").format(names=ours))


def _trends(facts: Facts) -> None:
    drawn = 0
    for name, text in TRENDS.items():
        kept = list(facts.history.get(name, ()))
        kept = [one for one in kept if one.unit == kept[-1].unit]
        if len(kept) >= 2:
            drawn += 1
            st.altair_chart(charts.trend(kept, _(text), scale=100.0 if name == names.USABLE else 1.0))
    if not drawn:
        st.caption(
            _("A trend is drawn from the second kept figure on. Keep figures in the tab “Does it pay?”.")
        )
    else:
        st.caption(_("Dashed lines are control limits, from eight points on."))


def _run(session: Session, part: PartRecord) -> None:
    st.markdown(
        _(
            "The gate freezes the samples that may go, trains inspectors with and without them, and compares them on "
            "the hold-out. It takes minutes (tiny) to hours (full)."
        )
    )
    up = engine_runs()
    with st.form("gate_form"):
        left, middle, right = st.columns(3)
        settings = left.selectbox(_("Size"), ["tiny", "small", "full"], index=1)
        seeds = middle.number_input(_("Trainings of each arm"), 2, 10, 3)
        reject = right.number_input(_("Plant's limit of false rejects"), 0.001, 0.5, 0.05, format="%.3f")
        started = st.form_submit_button(
            _("Start the gate"), type="primary", disabled=not (up and session.may("gate"))
        )
    if started:
        wishes = {"settings": settings, "seeds": int(seeds), "reject": float(reject)}
        ordered(session.service.submit_gate(part=part.name, wishes=wishes))
    show_jobs(session, part.name, "gate")
