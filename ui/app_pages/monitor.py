"""Monitor: does what comes in still look like what was learned, what happens when it does not, and what happened."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from data_registry.watch_records import MonitorWindowRecord
from pipelines.queries.monitor import Watch, unusual_pictures, watch_of
from pipelines.schedule import ScheduleReport
from pipelines.schedule import show as schedule_of
from ui.language.messages import told
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.alarms import INDICATORS
from ui.widgets.drift_chart import drift_chart
from ui.widgets.empty import need, needs_part
from ui.widgets.job_box import engine_runs, ordered, show_jobs

TRIGGERS = {
    "drift": N_("a drift alarm"),
    "approvals": N_("approvals down by 10 points"),
    "new-data": N_("new pictures in the catalogue"),
}
STATES = {
    "running": N_("▶ running"),
    "promoted": N_("✓ promoted"),
    "kept": N_("○ champion kept"),
    "failed": N_("✕ failed"),
}
CALENDARS = {
    "0 2 * * 1": N_("every Monday, 02:00"),
    "0 2 1 * *": N_("on the 1st of each month, 02:00"),
    "0 2 1 */3 *": N_("each quarter, 02:00"),
}


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Monitor"))
    part = needs_part(session)
    if part is None:
        return
    found = watch_of(session.work, part)
    plan = schedule_of(session.work, part.name)
    _state(found, plan)
    drift, policy, history = st.tabs([_("Drift"), _("Retraining"), _("History")], key="monitor_tabs")
    with drift:
        _drift(session, part, found)
    with policy:
        _policy(session, part, plan)
    with history:
        _history(plan)


def _state(found: Watch, plan: ScheduleReport) -> None:
    drift, due, after = st.columns(3)
    if not found.windows:
        text = _("– not watched yet")
    elif found.alarms and found.alarms[-1].second_window_id == found.windows[-1].id:
        text = _("▲ alarm")
    else:
        text = _("? over a limit once") if found.windows[-1].exceeded else _("○ within limits")
    drift.metric(_("Incoming pictures"), text, border=True, height="stretch")
    due.metric(
        _("Retraining"),
        _("▲ due") if plan.due_now else _("○ not due"),
        border=True,
        height="stretch",
        help=told(plan.due_now) or None,
    )
    when = f"{plan.next_due:%Y-%m-%d %H:%M}" if plan.next_due else "–"
    after.metric(_("Next by the calendar, UTC"), when, border=True, height="stretch")


def _drift(session: Session, part: PartRecord, found: Watch) -> None:
    if not found.windows:
        need(
            _("Nobody watches the incoming pictures yet"),
            _(
                "Good pictures from the line are held against the catalogue in windows of equal size. Limits are "
                "learned so that at most one false alarm a year is expected; an alarm needs two windows in a row over "
                "a limit. Start with `factory-gen monitor FOLDER --part {part}`, or let `factory-gen watch` do it."
            ).format(part=part.name),
        )
        return
    words = {name: _(text) for name, text in INDICATORS.items()}
    st.altair_chart(drift_chart(found.points, words, _("window")), width="content")
    st.caption(
        _(
            "Dashed lines are limits that were learned from the catalogue; ▲ is over one. An alarm needs two windows "
            "in a row, so that at most one false alarm a year is expected."
        )
    )
    over = [one for one in reversed(found.windows) if one.exceeded]
    if not over:
        st.caption(_("No window was over a limit."))
        return
    labels = {one.id: _label(one) for one in over}
    chosen = st.selectbox(
        _("Pictures that stood out in the window"), list(labels), format_func=labels.__getitem__
    )
    _pictures(session, part, next(one for one in over if one.id == chosen))


def _label(one: MonitorWindowRecord) -> str:
    names = ", ".join(_(INDICATORS.get(name, name)) for name in one.exceeded)
    return f"{one.id} · {one.created_at:%Y-%m-%d %H:%M} · {names}"


def _pictures(session: Session, part: PartRecord, window: MonitorWindowRecord) -> None:
    for indicator, pictures in unusual_pictures(session.work, part, window).items():
        st.markdown("**" + _(INDICATORS.get(indicator, indicator)) + "**")
        for box, (name, data) in zip(st.columns(max(len(pictures), 1)), pictures, strict=False):
            if data is None:
                box.caption(_("{name}: the picture is not there any more").format(name=name))
            else:
                box.image(data, caption=name)
    st.markdown(
        _(
            "What to do: look at light, focus and fixture, or ask whether a new lot has begun. If it is there to stay, "
            "add new pictures on the page Catalogue and retrain."
        )
    )


def _policy(session: Session, part: PartRecord, plan: ScheduleReport) -> None:
    if plan.active:
        triggers = ", ".join(_(TRIGGERS[name]) for name in plan.triggers)
        st.markdown(
            _("Set by {name}: {cron} ({zone}). Triggers: {triggers}.").format(
                name=plan.set_by, cron=plan.cron or "–", zone=plan.timezone, triggers=triggers or "–"
            )
        )
    else:
        st.caption(_("Nothing starts by itself. Choose a calendar, a trigger, or both."))
    with st.form("policy_form"):
        left, right = st.columns(2)
        none = _("no calendar")
        known = [none, *CALENDARS] + ([plan.cron] if plan.cron and plan.cron not in CALENDARS else [])
        cron = left.selectbox(
            _("Calendar"),
            known,
            index=known.index(plan.cron) if plan.cron else 0,
            format_func=lambda one: _(CALENDARS[one]) if one in CALENDARS else one,
            accept_new_options=True,
            help=_("Or type five cron fields."),
        )
        zone = right.text_input(_("Time zone"), plan.timezone or "Asia/Tokyo")
        chosen = st.multiselect(
            _("Also start on"),
            list(TRIGGERS),
            placeholder=_("Choose"),
            default=list(plan.triggers),
            format_func=lambda one: _(TRIGGERS[one]),
        )
        st.caption(
            _(
                "A retraining makes a challenger; it becomes the champion only if the gate says that its samples help."
            )
        )
        save = st.form_submit_button(_("Save"), type="primary", disabled=not session.may("schedule"))
    if save:
        session.service.set_policy(
            part=part.name,
            cron=None if cron in (None, none) else cron,
            timezone=zone.strip(),
            triggers=chosen,
        )
        st.rerun()
    if plan.active and session.may("schedule") and st.button(_("Switch off"), key="switch_off"):
        session.service.switch_off(part=part.name)
        st.rerun()
    _retrain_now(session, part)


def _retrain_now(session: Session, part: PartRecord) -> None:
    st.markdown("**" + _("By hand") + "**")
    up = engine_runs()
    if st.button(_("Retrain now"), disabled=not (up and session.may("train")), key="retrain_now"):
        ordered(session.service.submit_retrain(part=part.name, wishes={}))
    show_jobs(session, part.name, "retrain")


def _history(plan: ScheduleReport) -> None:
    if not plan.history:
        st.caption(_("Nothing was retrained yet."))
        return
    st.dataframe(
        [
            {
                _("started"): f"{one.started_at:%Y-%m-%d %H:%M}",
                _("ended"): f"{one.ended_at:%Y-%m-%d %H:%M}" if one.ended_at else "",
                _("outcome"): _(STATES[one.state]),
                _("cause"): told(one.cause),
                _("reason"): told(one.reason),
                _("by"): one.started_by,
            }
            for one in plan.history
        ],
        hide_index=True,
    )
