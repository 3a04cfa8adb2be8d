"""The words of the pages in the language of whoever looks: gettext catalogues, one file for each page.

English is the source: `_("Generate")` shows "Generate" where a catalogue has nothing. A test fails on a text that
the Japanese or German catalogues lack.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from pathlib import Path

import streamlit as st
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "ja": "日本語", "de": "Deutsch"}
STATE_KEY = "language"
MESSAGES = "messages"  # what jobs and registry say; see `ui.language.messages`

_of_this_run: ContextVar[str | None] = ContextVar("language", default=None)


def _(text: str) -> str:
    """Return the text in the language of this run. Fill gaps afterwards: `_("{n} samples").format(n=3)`."""
    return catalogue(current_language()).get(text) or text


def N_(text: str) -> str:
    """Mark a text that is translated later, where it is shown with `_`."""
    return text


def use_language(language: str) -> None:
    """Show the rest of this run in a language; an unknown one is English."""
    chosen = language if language in LANGUAGES else ENGLISH
    _of_this_run.set(chosen)
    st.session_state[STATE_KEY] = chosen


def current_language() -> str:
    """The language of this run: "en", "ja" or "de"."""
    chosen = _of_this_run.get()
    if chosen is None:  # a fragment runs again by itself, without the frame
        chosen = st.session_state.get(STATE_KEY, ENGLISH)
    return str(chosen)


def first_language() -> str:
    """The language of a run before anybody has chosen: as in this visitor's last run, else the browser's."""
    browsers = (st.context.locale or "").split("-")[0].lower()
    return str(st.session_state.get(STATE_KEY, browsers))


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts that the pages themselves say, in a language; none for English."""
    return read_catalogue(language, leave_out=MESSAGES)


def read_catalogue(language: str, *, only: str | None = None, leave_out: str | None = None) -> dict[str, str]:
    """The texts of the .po files in a language's folder: of all of them, of `only` one, or without one."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.po")):
        if path.stem == leave_out or only not in (None, path.stem):
            continue
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and isinstance(message.id, str) and isinstance(message.string, str):
                    texts[message.id] = message.string
    return texts
