"""One job on its way: state, stage, bar, time left; drawn anew every two seconds until it has ended."""

from __future__ import annotations

import streamlit as st

from pipelines.engine.errors import EngineDown
from pipelines.engine.job import Job
from pipelines.engine.jobs import job as read_job
from pipelines.engine.places import engine_of
from pipelines.settings import Settings
from ui.error_box import errors_shown
from ui.language.words import N_, _

STATES = {
    "queued": N_("waiting"),
    "starting": N_("starting"),
    "running": N_("running"),
    "cancelling": N_("being cancelled"),
    "done": N_("done"),
    "failed": N_("failed"),
    "crashed": N_("broke off"),
    "cancelled": N_("cancelled"),
}


def engine_runs(settings: Settings) -> bool:
    """Whether the job engine answers now."""
    try:
        return engine_of(settings).healthy(timeout_s=1.0)
    except EngineDown:
        return False


def no_engine() -> None:
    """Say that long jobs cannot be queued, and how to change that."""
    st.caption(
        ":material/power_off: "
        + _(
            "The job engine is not running; `factory-gen up` starts it. Until then, small work is done here while this "
            "page stays open."
        )
    )


@st.fragment(run_every=2.0)
def job_box(settings: Settings, job_id: str) -> None:
    """Show a job; the page is drawn anew once it has ended."""
    with errors_shown():
        found = read_job(settings, job_id)
        _draw(found)
        seen = f"job-ended-{job_id}"
        if found.ended and not st.session_state.get(seen):
            st.session_state[seen] = True
            st.rerun()


def _draw(found: Job) -> None:
    standing = found.standing
    with st.container(border=True):
        st.markdown(_("**Job {name}** · {state}").format(name=found.id[:8], state=_(STATES[found.state])))
        if standing is not None and not found.ended:
            st.progress(min(max(standing.share or 0.0, 0.0), 1.0), text=f"{standing.stage} · {standing.text}")
            if standing.left_s is not None:
                st.caption(_("about {n} s left").format(n=round(standing.left_s)))
        if found.message and found.state in ("failed", "crashed"):
            st.text(found.message)
