"""The machine: how much room there is, whether the stored bytes are whole, whether the services answer."""

from __future__ import annotations

import shutil

import streamlit as st

from pipelines.engine.health import Health, health
from pipelines.queries.admin import StorageFacts, storage_of
from pipelines.verify import VerifyReport
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.empty import need

LITTLE_ROOM = 0.1
REPORT_KEY, COUNT_KEY = "verify_report", "storage_count"
PLACES = {
    "stored bytes": N_("pictures, masks and manifests"),
    "models": N_("models"),
    "exports": N_("exports"),
    "MLflow": N_("MLflow"),
    "gate": N_("results of gates"),
    "logs": N_("logs"),
    "registry": N_("registry"),
}
SHARES = {0.0: N_("only whether they are there"), 0.05: N_("hash a twentieth"), 1.0: N_("hash all of them")}


def show_storage(session: Session) -> None:
    """Draw the section of storage."""
    disk = shutil.disk_usage(session.work.settings.home)
    free, total, where = st.columns([1, 1, 2])
    little = disk.free < LITTLE_ROOM * disk.total
    free.metric(
        _("Free on the disk"),
        ("▲ " if little else "○ ") + size_text(disk.free),
        border=True,
        help=_("▲ less than a tenth"),
    )
    total.metric(_("Size of the disk"), size_text(disk.total), border=True)
    with where.container(border=True, height="stretch"):
        st.caption(_("All of it lies under"))
        st.code(str(session.work.settings.home), language=None)
    if st.button(_("Count what lies there"), icon=":material/folder_open:"):
        with st.spinner(_("Counting")):
            st.session_state[COUNT_KEY] = storage_of(session.work.settings)
    if COUNT_KEY in st.session_state:
        _places(st.session_state[COUNT_KEY])
    st.subheader(_("Are the stored bytes whole?"))
    share = st.selectbox(
        _("Look at each of them, and"), list(SHARES), index=1, format_func=lambda one: _(SHARES[one])
    )
    if st.button(_("Verify"), type="primary", key="verify"):
        with st.spinner(_("Comparing the registry with the stored bytes")):
            st.session_state[REPORT_KEY] = session.service.check_storage(share=share)
    if REPORT_KEY in st.session_state:
        _verified(st.session_state[REPORT_KEY])


def _places(found: StorageFacts) -> None:
    st.dataframe(
        [
            {
                _("what"): _(PLACES[one.name]),
                _("files"): one.files,
                _("size"): size_text(one.bytes),
                _("where"): str(one.path),
            }
            for one in found.places
        ],
        hide_index=True,
    )


def _verified(report: VerifyReport) -> None:
    counts = report.counts
    text = _(
        "{mentions} mentions of {blobs} stored files, {hashed} hashed; {models} models, {exports} exports."
    ).format(
        mentions=f"{counts.mentions:,}",
        blobs=f"{counts.blobs:,}",
        hashed=f"{counts.hashed:,}",
        models=counts.models,
        exports=counts.exports,
    )
    if report.ok:
        st.success(_("○ Nothing is missing or changed.") + " " + text, icon=":material/check_circle:")
    else:
        st.error(
            _("▲ {count} things are wrong.").format(count=len(report.problems)) + " " + text,
            icon=":material/error:",
        )
    found = [*report.problems, *report.warnings]
    if found:
        st.dataframe(
            [
                {
                    _("kind"): one.kind,
                    _("where"): f"{one.table} {one.key}",
                    _("what"): one.detail,
                    _("What to do"): one.action,
                }
                for one in found[:200]
            ],
            hide_index=True,
        )
    if counts.orphans or counts.unfinished:
        st.caption(
            _(
                "{orphans} files that nothing names, {unfinished} unfinished ones: left by stopped jobs, harmless."
            ).format(orphans=counts.orphans, unfinished=counts.unfinished)
        )


def show_services(session: Session) -> None:
    """Draw the section of services."""
    with st.spinner(_("Asking each of them")):
        found = health(session.work.settings)
    if not found.running:
        need(
            _("No box runs under this home"),
            _(
                "Pages work without one, long jobs do not: `factory-gen up` starts the job engine, its workers, "
                "MLflow and the pages, and keeps them running."
            ),
        )
    if found.services:
        _services(found)
    if found.running and found.next_step:
        st.markdown(found.next_step)
    st.button(_("Ask again"), icon=":material/refresh:")


def _services(found: Health) -> None:
    st.dataframe(
        [
            {
                _("service"): one.name,
                _("state"): _("○ well") if one.healthy else "▲ " + one.problem,
                _("started again"): one.restarts,
                _("process"): str(one.pid),
                _("address"): one.address,
                _("log"): one.log,
            }
            for one in found.services
        ],
        hide_index=True,
    )


def size_text(size: int) -> str:
    """Bytes for people: kB, MB or GB."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit / 10:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e3:,.1f} kB"
