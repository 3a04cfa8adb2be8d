"""What needs a person, each with the page where it is looked into."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from pipelines.queries.alarms import DISK, DRIFT, DUE, RETRAIN_FAILED, Alarm, alarms_of
from ui.language.messages import told
from ui.language.words import N_, _
from ui.state import PAGES_KEY, Session
from ui.widgets.job_box import failed_jobs
from ui.widgets.job_words import KINDS

INDICATORS = {
    "brightness": N_("brightness"),
    "sharpness": N_("sharpness"),
    "direction": N_("direction of light and texture"),
    "autoencoder error": N_("autoencoder's error"),
    "prior likelihood": N_("likelihood under the prior"),
    "features": N_("looks as a whole"),
}
PAGE_OF_ALARM = {DRIFT: "monitor", DUE: "monitor", RETRAIN_FAILED: "monitor"}
PAGE_OF_JOB = {
    "ingest": "catalogue",
    "train": "training",
    "generate": "generate",
    "gate": "gate",
    "export": "datasets",
    "retrain": "monitor",
    "monitor": "monitor",
}


def show_alarms(session: Session, part: PartRecord) -> None:
    """Draw the alarms of a part and its jobs that failed; nothing where all is well."""
    for alarm in alarms_of(session.work, part):
        _row(_text(alarm), PAGE_OF_ALARM.get(alarm.kind))
    for kind in failed_jobs(part.name):
        _row(
            _("The last job of this kind failed: {kind}.").format(kind=_(KINDS.get(kind, kind))),
            PAGE_OF_JOB.get(kind),
        )


def _text(alarm: Alarm) -> str:
    if alarm.kind == DISK:
        return _(
            "Only {free:.1f} GB are free on the disk of the stored data. Make room: jobs stop at a full disk."
        ).format(free=alarm.free_gb)
    if alarm.kind == DRIFT:
        names = ", ".join(_(INDICATORS.get(name, name)) for name in alarm.indicators)
        return _("Incoming pictures have changed: {names}.").format(names=names)
    if alarm.kind == RETRAIN_FAILED:
        return _("The last retraining failed: {cause}").format(cause=told(alarm.cause))
    return _("A retraining is due: {cause}").format(cause=told(alarm.cause))


def _row(text: str, page_name: str | None) -> None:
    with st.container(border=True):
        words, link = st.columns([5, 1], vertical_alignment="center")
        words.markdown(f":material/warning: {text}")
        page = st.session_state.get(PAGES_KEY, {}).get(page_name)
        if page is not None:
            link.page_link(page, label=_("Look"), icon=":material/arrow_forward:")
