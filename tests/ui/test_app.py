"""The frame: what a visitor finds before and after there are parts, in three languages, and when something fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data_registry.session import open_registry

Draw = Callable[..., AppTest]


def a_home(folder: Path, *parts: str) -> Path:
    folder.mkdir(exist_ok=True)
    with open_registry(f"sqlite:///{folder / 'registry.db'}") as registry, registry.write() as rows:
        for name in parts:
            rows.parts.add(name, source_root="/pictures")
    return folder


def labels(app: AppTest) -> list[str]:
    return [box.label for box in app.sidebar.selectbox]


def test_an_empty_registry_is_shown_without_a_part(draw: Draw, tmp_path: Path) -> None:
    app = draw("home", a_home(tmp_path))
    assert not app.exception
    assert labels(app) == ["Language"]


def test_the_part_is_chosen_and_stays_in_the_address(draw: Draw, tmp_path: Path) -> None:
    app = draw("home", a_home(tmp_path, "bolt", "nut"), part="nut")
    assert app.sidebar.selectbox[0].value == "nut"
    app.sidebar.selectbox[0].select("bolt").run()
    assert app.query_params["part"] == "bolt"


@pytest.mark.parametrize(("language", "words"), [("ja", "品種"), ("de", "Teil")])
def test_the_language_is_switched(draw: Draw, tmp_path: Path, language: str, words: str) -> None:
    app = draw("home", a_home(tmp_path, "bolt"))
    app.sidebar.selectbox[1].select(language).run()
    assert words in labels(app)


def test_a_broken_registry_is_a_box_with_a_next_step(draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"no database" * 100)
    app = draw("home", tmp_path)
    assert not app.exception
    assert "This cannot be done yet" in app.markdown[0].value
    assert [text.value for text in app.text][1] != ""
