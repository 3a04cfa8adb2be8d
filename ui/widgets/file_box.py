"""The box for a file from the visitor's computer, with Streamlit's fixed English replaced.

The library draws "Upload" and the size limit itself and takes no texts for them, so a style sheet puts ours in
their place. What it shows only while a file hangs over the box stays English.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui.language.words import _

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

MOST_GB = 2  # of one file; the server's own limit, see `ui.server`


def file_box(label: str, *, types: Sequence[str], key: str) -> UploadedFile | None:
    """Draw the box; gives the file that was chosen, None before that."""
    st.html(_style(_("Choose a file"), _("{types}, up to {n} GB").format(types=_list(types), n=MOST_GB)))
    return st.file_uploader(label, type=list(types), key=key)


def _list(types: Sequence[str]) -> str:
    return ", ".join(one.upper() for one in types)


def _style(button: str, limit: str) -> str:
    box = '[data-testid="stFileUploaderDropzone"]'
    parts = (
        (f'{box} button [data-testid="stMarkdownContainer"] p', button),
        (f'{box} [data-testid="stFileUploaderDropzoneInstructions"] span', limit),
    )
    rules = []
    for where, text in parts:
        ours = json.dumps(text, ensure_ascii=False)
        rules += [f"{where} {{font-size: 0}}", f"{where}::after {{content: {ours}; font-size: 0.875rem}}"]
    return f"<style>{' '.join(rules)}</style>"
