"""What all visitors of this process share: the open workplace, and the pictures that were just shown."""

from __future__ import annotations

from contextlib import ExitStack

import streamlit as st

from pipelines.pictures.thumbnails import EDGES, thumbnail
from pipelines.settings import load_settings, quiet_environment
from pipelines.wiring import Workplace, open_workplace


@st.cache_resource(show_spinner=False)
def workplace() -> Workplace:
    """The registry and the stored bytes of this machine's settings, opened once and kept open.

    Raises:
        FactoryGenError, RegistryError: as `pipelines.wiring.open_workplace`.
    """
    settings = load_settings({}).settings
    quiet_environment(settings)
    stack = ExitStack()
    return stack.enter_context(open_workplace(settings))


@st.cache_data(show_spinner=False, max_entries=4000)
def small_picture(sha256: str, *, edge: int = EDGES[0], bit_depth: int | None = None) -> bytes:
    """JPEG of a stored picture or mask, its longer side at most `edge` pixels."""
    return thumbnail(workplace(), sha256, edge=edge, bit_depth=bit_depth)


@st.cache_data(show_spinner=False, max_entries=400)
def stored_bytes(sha256: str) -> bytes:
    """The stored bytes themselves, checked against their hash."""
    return workplace().blobs.read(sha256)
