"""Pictures in: name a part and a zip or folder, read the report of what would be done, then have it done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pipelines.intake.options import IngestOptions
from ui.language.words import _
from ui.state import Session
from ui.widgets.bar import Bar
from ui.widgets.file_box import file_box
from ui.widgets.ingest_report import show_report
from ui.widgets.job_box import engine_runs, ordered, show_jobs

LOOKED = "intake-looked"
LAYOUTS = ("auto", "mvtec", "folders", "coco")


def show_intake(session: Session) -> None:
    """Draw the controls, the report and the button that writes."""
    if not session.may("ingest"):
        st.info(_("Pictures are added by engineers."), icon=":material/lock:")
        return
    name = st.text_input(
        _("Name of the part"), session.part.name if session.part else "", key="intake-part", max_chars=200
    )
    upload, folder = st.columns(2, gap="large")
    with upload:
        sent = file_box(_("A zip from this computer"), types=["zip"], key="intake-zip")
    path = folder.text_input(_("or a folder or zip on the server"), key="intake-folder").strip()
    options = _options()
    if st.button(
        _("Look, without writing"),
        type="primary",
        icon=":material/search:",
        disabled=not name.strip() or not (sent or path),
        key="intake-look",
    ):
        source = session.service.upload(file=sent) if sent else Path(path).expanduser()
        report = session.service.look_at_source(
            part=name.strip(), source=source, options=IngestOptions(**options), progress=Bar()
        )
        st.session_state[LOOKED] = name.strip(), source, options, report
    if name.strip():
        show_jobs(session, name.strip(), "ingest")
    looked = st.session_state.get(LOOKED)
    if looked is not None:
        show_report(looked[3])
        _write(session, *looked[:3])


def _options() -> dict[str, Any]:
    with st.expander(_("How to read it"), icon=":material/tune:"):
        first, second, third, fourth = st.columns(4)
        pattern = first.text_input(
            _("Group pattern"),
            key="intake-pattern",
            help=_(
                "A regular expression with a bracket around what pictures of one physical part share in their name. "
                "Groups never stand on both sides of the split."
            ),
        )
        scale = second.number_input(
            _("Millimetres per pixel"),
            0.0,
            None,
            0.0,
            0.001,
            format="%.4f",
            key="intake-mm",
            help=_("0: unknown"),
        )
        threshold = third.number_input(
            _("Soft masks: defect from grey value"),
            0,
            65535,
            0,
            key="intake-threshold",
            help=_("0: refuse soft masks"),
        )
        depth = fourth.number_input(
            _("Bits of 16-bit files"), 0, 16, 0, key="intake-depth", help=_("0: as the files say")
        )
    return {
        "group_pattern": pattern or None,
        "mm_per_pixel": scale or None,
        "mask_threshold": threshold or None,
        "bit_depth": depth or None,
    }


def _write(session: Session, part: str, source: Path, options: dict[str, Any]) -> None:
    up = engine_runs()
    if not up:
        st.caption(_("Without it, the pictures are taken in here while this page stays open."))
    if not st.button(
        _("Take these pictures in"), type="primary", icon=":material/download_done:", key="intake-write"
    ):
        return
    if up:
        ordered(session.service.submit_ingest(part=part, wishes={"source": str(source), **options}))
    else:
        report = session.service.ingest(
            part=part, source=source, options=IngestOptions(**options), progress=Bar()
        )
        st.toast(_("{n} pictures were added.").format(n=report.added), icon=":material/check:")
    st.session_state.pop(LOOKED, None)
    st.query_params["part"] = part
    st.session_state.pop("part", None)
    st.rerun()
