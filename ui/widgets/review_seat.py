"""The name of a desk: in the page's address, so that a reload comes back to the same desk with what it had claimed.

An address that was copied to another window gets a desk of its own while the first one is open: no two people see the
same sample at once.
"""

from __future__ import annotations

import secrets
import threading

import streamlit as st
from streamlit.runtime import Runtime, exists
from streamlit.runtime.scriptrunner import get_script_run_ctx

DESK = "desk"
LENGTH = 12


class Seats:
    """Which open window sits at which desk."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}
        self._lock = threading.Lock()

    def take(self, wanted: str, window: str) -> str:
        """Give the wanted desk, or a new one where somebody else sits there.

        Args:
            wanted: what the address says; anything that is no desk's name counts as none.
            window: who asks.
        """
        with self._lock:
            known = len(wanted) == LENGTH and wanted.isascii() and wanted.isalnum()
            holder = self._taken.get(wanted)
            if not known or (holder is not None and holder != window and _is_open(holder)):
                wanted = secrets.token_hex(LENGTH // 2)
            self._taken[wanted] = window
            return wanted


@st.cache_resource(show_spinner=False)
def _seats() -> Seats:
    return Seats()


def seat() -> str:
    """The desk of this window; it stands in the address from now on."""
    context = get_script_run_ctx()
    name = _seats().take(st.query_params.get(DESK, ""), context.session_id if context else "")
    st.query_params[DESK] = name
    return name


def _is_open(window: str) -> bool:
    return exists() and Runtime.instance().is_active_session(window)
