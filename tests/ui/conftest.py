"""Draws one page as a visitor without an account sees it, in this process and without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ui import opening

APP = Path(__file__).parents[2] / "ui" / "app.py"
SLOW_MACHINE_S = 60


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """`draw("home", home, part="tile", language="ja")`: the page, run once; use it as a Streamlit AppTest."""

    def drawn(page: str, home: Path, *, part: str | None = None, language: str = "en") -> AppTest:
        monkeypatch.setenv("FACTORY_GEN_HOME", str(home))
        opening.open_without_accounts(True)
        st.cache_resource.clear()
        st.cache_data.clear()
        app = AppTest.from_file(str(APP), default_timeout=SLOW_MACHINE_S)
        app.session_state["language"] = language
        app.session_state["first_page"] = page
        if part is not None:
            app.query_params["part"] = part
        return app.run()

    return drawn
