"""Home: where a part stands and the one thing to do next."""

from __future__ import annotations

import streamlit as st

from ui.language.words import _
from ui.state import Session


def show(session: Session) -> None:
    """Draw the page."""
    st.title(_("Home"))
