"""The jobs of a part: state, stage, bar, time left, a way to end one, and what came of those that have ended.

They are read from the engine, so a reload loses nothing, and what a colleague or the clock has ordered is there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from pipelines.engine.job import Job
from pipelines.queries.jobs import Outcome, PartJobs, engine_answers, outcome, recent_jobs
from ui.cache import workplace
from ui.error_box import errors_shown, refusal_rows
from ui.language.messages import told
from ui.language.words import _
from ui.state import Session
from ui.widgets.job_words import KINDS, MARKS, STATES, outcome_words, stage_words, time_left

if TYPE_CHECKING:
    from pipelines.engine.jobs import Submitted

REDRAW_S = 2.0
KEPT_S = 1.5  # many visitors look at one engine


@st.cache_data(show_spinner=False, ttl=KEPT_S)
def _answers() -> bool:
    return engine_answers(workplace().settings)


@st.cache_data(show_spinner=False, ttl=KEPT_S, max_entries=200)
def _recent(part: str, kind: str | None) -> PartJobs:
    return recent_jobs(workplace().settings, part, kind=kind)


@st.cache_data(show_spinner=False, max_entries=400)
def _outcome(_found: Job, job_id: str, state: str) -> Outcome:
    return outcome(workplace().settings, _found)


def engine_runs() -> bool:
    """Whether a job could be ordered now; says what to do when not."""
    if _answers():
        return True
    st.markdown(
        ":material/power_off: "
        + _(
            "The job engine is not running, so nothing can be ordered. `factory-gen up` on the server starts it."
        )
    )
    return False


def ordered(sent: Submitted) -> None:
    """Tell the visitor that a job is queued; it is in the list at once."""
    _recent.clear()
    if sent.new:
        st.toast(_("Ordered."), icon=":material/playlist_add_check:")
    else:
        st.toast(_("The same was ordered before; this is its job."), icon=":material/info:")


def last_report(part: str, kind: str) -> Mapping[str, Any] | None:
    """The report of the newest job of a kind that is done; None without an engine or such a job."""
    done = next((one for one in _recent(part, kind).jobs if one.state == "done"), None)
    return None if done is None else _outcome(done, done.id, done.state).report


def failed_jobs(part: str) -> tuple[str, ...]:
    """The kinds whose newest job of a part failed or broke off."""
    newest: dict[str, Job] = {}
    for one in _recent(part, None).jobs:
        newest.setdefault(one.kind, one)
    return tuple(kind for kind, one in newest.items() if one.state in ("failed", "crashed"))


def show_jobs(session: Session, part: str, kind: str | None = None, *, ended: int = 1) -> None:
    """Draw a part's jobs: all that wait or run, and the last `ended` others; of one kind, or of all."""
    if session.actor.parts is not None and part not in session.actor.parts:
        return
    every = REDRAW_S if _recent(part, kind).unfinished else None

    def draw() -> None:
        with errors_shown():
            found = _recent(part, kind)
            _draw_all(session, part, found, ended)
            if every is not None and found.answers and not found.unfinished:
                st.rerun()  # what the job has made is on the page now

    st.fragment(draw, run_every=every)()


def _draw_all(session: Session, part: str, found: PartJobs, ended: int) -> None:
    done = [one for one in found.jobs if one.ended]
    for one in [*found.unfinished, *done[:ended]]:
        with st.container(border=True):
            _draw(session, part, one)


def _draw(session: Session, part: str, one: Job) -> None:
    head, button = st.columns([4, 1], vertical_alignment="center")
    mark, kind = MARKS[one.state], _(KINDS.get(one.kind, one.kind))
    head.markdown(f":material/{mark}: **{kind}** · {_(STATES[one.state])} · {_when(one)}")
    if one.ended:
        _draw_outcome(one)
        return
    standing = one.standing
    if standing is not None and standing.stage:
        text = stage_words(standing.stage)
        if standing.share is not None:
            share = min(max(standing.share, 0.0), 1.0)
            st.progress(share, text=f"{text} · {share:.0%}")
        else:
            st.progress(0.0, text=f"{text} · {standing.text}")
        if standing.left_s is not None:
            st.caption(_("This step: {time}").format(time=time_left(standing.left_s)))
    else:
        waits = one.state == "queued"
        st.caption(
            _("It waits until the jobs before it have ended.") if waits else _("It loads what it needs.")
        )
    if session.may("cancel") and one.state != "cancelling":
        with button:
            _cancel(session, part, one)


def _cancel(session: Session, part: str, one: Job) -> None:
    if st.button(_("Cancel"), icon=":material/stop_circle:", key=f"cancel-{one.id}", width="stretch"):
        session.service.cancel_job(part=part, job_id=one.id)
        _recent.clear()
        st.rerun()


def _draw_outcome(one: Job) -> None:
    left = _outcome(one, one.id, one.state) if one.state in ("done", "failed") else None
    if left is not None and left.report is not None:
        st.markdown(outcome_words(one.kind, left.report))
    elif left is not None and left.refusal is not None:
        refusal_rows(left.refusal["expected"], left.refusal["found"], left.refusal["action"])
    elif one.state == "cancelled":
        st.caption(_("What it had stored stays. The same order goes on from there."))
    elif one.state in ("failed", "crashed"):
        st.caption(_("Order it again: it goes on where it broke off."))
        st.text(told(one.message))


def _when(one: Job) -> str:
    moment = one.ended_at or one.started_at or one.created_at
    minutes = (datetime.now(UTC) - moment).total_seconds() / 60
    if minutes < 1:
        return _("just now")
    if minutes < 100:
        return _("{n} min ago").format(n=round(minutes))
    return f"{moment:%Y-%m-%d %H:%M} UTC"
