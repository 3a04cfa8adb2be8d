"""Administration: requests against the gate, users, the audit trail, storage, services, and the end of a part."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pipelines.queries.admin import RequestFacts, open_requests
from ui.error_box import errors_shown
from ui.language.words import N_, _
from ui.state import Session
from ui.widgets.admin_audit import show_audit
from ui.widgets.admin_box import show_services, show_storage
from ui.widgets.admin_part_end import show_part_end
from ui.widgets.admin_users import show_users
from ui.widgets.empty import need

VERDICTS = {"helps": N_("✓ helps"), "not proven": N_("? not proven"), "harms": N_("✕ harms")}
SECTION_KEY = "administration_section"
# name -> title, what one must be allowed to see it
SECTIONS = {
    "requests": (N_("Requests"), "confirm override"),
    "users": (N_("Users"), "see audit"),
    "audit": (N_("Audit trail"), "see audit"),
    "storage": (N_("Storage"), "check storage"),
    "services": (N_("Services"), "see"),
    "end": (N_("Delete a part"), "delete"),
}


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Administration"))
    drawings: dict[str, Callable[[Session], None]] = {
        "requests": _requests,
        "users": show_users,
        "audit": show_audit,
        "storage": show_storage,
        "services": show_services,
        "end": show_part_end,
    }
    names = [name for name, (_title, action) in SECTIONS.items() if session.may(action)]
    chosen = st.segmented_control(
        _("Section"),
        names,
        format_func=lambda name: _(SECTIONS[name][0]),
        default=names[0],
        required=True,
        key=SECTION_KEY,
        label_visibility="collapsed",
    )
    # one section at a time: each reads something else, and some take seconds
    drawings[chosen or names[0]](session)


def _requests(session: Session) -> None:
    found = open_requests(session.work)
    if not found:
        need(
            _("Nobody waits for a second person"),
            _(
                "What the gate has not judged to help stays here. An engineer may ask on the page Data sets to hand a "
                "version out all the same; the request then stands here until an admin confirms it."
            ),
        )
        return
    st.caption(
        _(
            "Two people answer for each of these: whoever asked, and you. Both names and the reason go with the export."
        )
    )
    for one in found:
        with st.container(border=True):
            _request(session, one)


def _request(session: Session, one: RequestFacts) -> None:
    asked = one.request
    text, button = st.columns([4, 1], vertical_alignment="center")
    with text:
        st.markdown(
            _("**{part}**, synthetic version {version}: {samples} samples").format(
                part=one.part, version=one.version, samples=one.samples
            )
        )
        st.text(asked.reason)
        verdict = _(VERDICTS[one.verdict.decision]) if one.verdict else _("no verdict yet")
        st.caption(
            _("Asked by {name}, {when} UTC. The gate: {verdict}.").format(
                name=asked.asked_by, when=f"{asked.asked_at:%Y-%m-%d %H:%M}", verdict=verdict
            )
        )
    if button.button(_("Confirm"), key=f"confirm_{asked.id}", width="stretch"):
        with errors_shown():
            session.service.confirm_override(override_id=asked.id)
            st.rerun()
