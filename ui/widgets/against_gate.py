"""Past the gate: an engineer asks for a version, an admin confirms, the engineer exports that version and no other.

Where the pages are open to this machine alone there is nobody to confirm; a reason is enough then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from data_registry.records import PartRecord
from pipelines.queries.datasets import VersionFacts
from ui.error_box import errors_shown
from ui.language.words import _
from ui.state import Session
from ui.widgets.job_box import ordered

SHORTEST_REASON = 10


def against_gate(
    session: Session, part: PartRecord, found: list[VersionFacts], wishes: Mapping[str, Any], *, ready: bool
) -> None:
    """Draw the box.

    Args:
        session: the visitor's.
        part: whose versions these are.
        found: all of the part's versions.
        wishes: the export as chosen above; its format and folder are taken over.
        ready: whether an export could be ordered now.
    """
    held = [one for one in found if one.version.kind == "synthetic" and not one.may_go]
    asked = [one for one in held if one.request is not None]
    with st.expander(_("Hand out against the gate"), expanded=bool(asked)):
        if not held:
            st.caption(_("Every version so far may go."))
        elif session.may("confirm override") and session.may("export"):
            _alone(session, part, wishes, ready=ready)
        else:
            for one in asked:
                _asked_for(session, part, one, wishes, ready=ready)
            _ask(session, part, held)


def _alone(session: Session, part: PartRecord, wishes: Mapping[str, Any], *, ready: bool) -> None:
    reason = st.text_input(_("Reason, which is kept with the export"), key="override_reason").strip()
    if st.button(_("Export with this reason"), disabled=not ready or len(reason) < SHORTEST_REASON):
        with errors_shown():
            ordered(session.service.submit_export(part=part.name, wishes={**wishes, "override": reason}))
            st.rerun()


def _asked_for(
    session: Session, part: PartRecord, one: VersionFacts, wishes: Mapping[str, Any], *, ready: bool
) -> None:
    request = one.request
    if request is None:
        return
    number = one.version.number
    with st.container(border=True):
        st.markdown(
            _("**Version {number}**, asked for by {name}").format(number=number, name=request.asked_by)
        )
        st.text(request.reason)
        if request.confirmed_by is None:
            st.caption(_("? waits for an admin, on the page Administration"))
            return
        st.caption(
            _("○ confirmed by {name}; this version may go, and no other").format(name=request.confirmed_by)
        )
        text = _("Export version {number} as {format}").format(number=number, format=wishes["format"])
        may = ready and session.may("export")
        if st.button(text, key=f"export_confirmed_{number}", disabled=not may):
            with errors_shown():
                wish = {"format": wishes["format"], "out": wishes["out"], "version": number}
                ordered(session.service.submit_export(part=part.name, wishes=wish))
                st.rerun()


def _ask(session: Session, part: PartRecord, held: list[VersionFacts]) -> None:
    if not session.may("ask override"):
        st.caption(_("An engineer asks for this; an admin confirms it on the page Administration."))
        return
    numbers = {one.version.number: one.version.id for one in held}
    with st.form("override_ask", border=False):
        number = st.selectbox(_("Version"), list(numbers), key="override_version")
        reason = st.text_input(_("Reason, which is kept with the export"), key="override_reason").strip()
        sent = st.form_submit_button(_("Ask an admin to confirm"))
    if sent and len(reason) < SHORTEST_REASON:
        st.error(_("Say in a sentence why it is needed all the same."))
    elif sent:
        with errors_shown():
            session.service.ask_override(part=part.name, version_id=numbers[number], reason=reason)
            st.toast(_("Asked. It stands on the page Administration until an admin confirms it."))
            st.rerun()
