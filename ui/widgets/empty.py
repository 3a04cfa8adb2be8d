"""What a page shows while something that it needs is missing: what, and the one step that gets it."""

from __future__ import annotations

import streamlit as st

from data_registry.records import PartRecord
from ui.language.words import _
from ui.state import Session


def need(what: str, next_step: str) -> None:
    """Say what is missing and how to get it."""
    with st.container(border=True):
        st.markdown(f"#### :material/info: {what}")
        st.markdown(next_step)


def needs_part(session: Session) -> PartRecord | None:
    """The chosen part; without one, say how to get one."""
    if session.part is None:
        need(
            _("There is no part yet"),
            _(
                "Add pictures on the page Catalogue: a zip, or a folder on this machine. "
                "`factory-gen demo` makes a small example."
            ),
        )
    return session.part
