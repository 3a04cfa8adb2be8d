"""The box for a file speaks the visitor's language, although the library draws its texts itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]


@pytest.mark.parametrize(
    ("language", "button"), [("en", "Choose a file"), ("ja", "ファイルを選ぶ"), ("de", "Datei wählen")]
)
def test_our_texts_stand_in_place_of_the_librarys(
    draw: Draw, tmp_path: Path, language: str, button: str
) -> None:
    app = draw("catalogue", a_home(tmp_path), language=language)
    assert not app.exception
    [style] = [one.proto.body for one in app.get("html") if "stFileUploaderDropzone" in one.proto.body]
    assert f'content: "{button}"' in style
    assert "ZIP" in style and style.count("<") == 2
