"""Draws one page as a visitor sees it, without an account or with one, in this process and without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from ui import opening
from ui.visit_cookie import COOKIE

APP = Path(__file__).parents[2] / "ui" / "app.py"
SLOW_MACHINE_S = 60


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """`draw("home", home, part="tile", language="ja")`: the page, run once; use it as a Streamlit AppTest.

    With `token`, accounts are asked for, and the visitor's browser sends it; an empty one is nobody's.
    """

    def drawn(
        page: str,
        home: Path,
        *,
        part: str | None = None,
        language: str | None = "en",
        token: str | None = None,
    ) -> AppTest:
        monkeypatch.setenv("FACTORY_GEN_HOME", str(home))
        monkeypatch.setattr(ContextProxy, "cookies", {COOKIE: token or ""})
        opening.open_to(everybody=token is None, plant_log_in=False)
        st.cache_resource.clear()
        st.cache_data.clear()
        app = AppTest.from_file(str(APP), default_timeout=SLOW_MACHINE_S)
        if language is not None:
            app.session_state["language"] = language
        app.session_state["first_page"] = page
        if part is not None:
            app.query_params["part"] = part
        return app.run()

    return drawn
