"""The one place where a failure becomes what a visitor sees: cause and next step, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pipelines.failures import clear_refusal
from pipelines.settings import load_settings
from ui.language.messages import told
from ui.language.words import _


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show whatever fails in the block as a box and go on after it; for pages, fragments and callbacks."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  the page edge: the visitor gets a cause, the report gets the rest
        show_error(error)


def show_error(error: Exception) -> None:
    """Draw the box for a failure; an unexpected one is written to a report file first."""
    refusal = clear_refusal(error, logs_dir=load_settings({}).settings.logs_dir)
    with st.container(border=True, key=None):
        st.markdown(f"#### :material/error: {_heading(refusal.exit_code)}")
        refusal_rows(refusal.expected, refusal.found, refusal.action)


def refusal_rows(expected: str, found: str, action: str) -> None:
    """Draw the three texts of a refusal."""
    for label, text in ((_("Expected"), expected), (_("Found"), found), (_("What to do"), action)):
        name, value = st.columns([1, 5])
        name.markdown(f"**{label}**")
        value.text(told(text))


def _heading(exit_code: int) -> str:
    if exit_code == 1:
        return _("Something unexpected happened")
    if exit_code == 5:
        return _("Not permitted")
    return _("This cannot be done yet")
