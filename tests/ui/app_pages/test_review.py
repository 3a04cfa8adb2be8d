"""The review page: empty, with samples, its desk's line of keys, and two desks at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.services.access import OPEN, Actor
from pipelines.services.service import Service
from tests.pipelines.drawn_part import draw_part, workplace
from tests.ui.test_app import a_home
from ui.app_pages import review as page
from ui.cache import workplace as shared_workplace
from ui.state import Session

Draw = Callable[..., AppTest]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with workplace(tmp_path) as work:
        draw_part(work, samples=7)
    return tmp_path


def a_session() -> Session:
    """The visitor of the page that was just drawn."""
    work = shared_workplace()
    with work.registry.read() as rows:
        part = rows.parts.get("tile")
    service = Service(work, Actor(name="this machine", role=OPEN))
    return Session(work=work, service=service, part=part, language="en")


def test_without_samples_it_says_where_they_come_from(draw: Draw, tmp_path: Path) -> None:
    app = draw("review", a_home(tmp_path, "bolt"))
    assert not app.exception
    assert "Generate" in app.info[0].value


@pytest.mark.parametrize(("language", "title"), [("en", "Review"), ("ja", "レビュー"), ("de", "Prüfen")])
def test_samples_are_claimed_in_order(draw: Draw, home: Path, language: str, title: str) -> None:
    app = draw("review", home, language=language)
    assert not app.exception
    assert app.title[0].value == title
    line = app.session_state["review_state"]
    assert line.keys == ["s1", "s2", "s3", "s4", "s5", "s6"]
    assert line.key == "s1" and line.sent == {"s1", "s2", "s3"}


def test_a_type_narrows_the_line(draw: Draw, home: Path) -> None:
    app = draw("review", home)
    app.main.selectbox(key="review_type").select("blow hole").run()
    assert app.session_state["review_state"].keys == ["s1", "s4", "s7"]


def test_the_second_visitor_gets_other_samples(draw: Draw, home: Path) -> None:
    draw("review", home)
    second = draw("review", home).session_state["review_state"]
    assert second.keys == ["s7"]


def test_a_key_is_answered_alone_and_the_rest_is_asked_for(
    draw: Draw, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = draw("review", home)
    line = app.session_state["review_state"]
    monkeypatch.setattr(page, "pressed", lambda: ("ok", "s1", 0))
    session = a_session()
    assert session.part is not None
    page._act(session, session.part, line)
    assert (line.key, line.answering, line.decisions["s1"], line.turn) == ("s2", True, "ok", 1)
    answer = page._view(session, session.part, line, ahead=0)
    assert answer.items == {} and answer.more and answer.at == "s2"
    rest = page._view(session, session.part, line, ahead=2)
    assert set(rest.items) == {"s4", "s5"}
    monkeypatch.setattr(page, "pressed", lambda: ("undo", "s2", 1))
    page._act(session, session.part, line)
    assert line.key == "s1" and line.decisions["s1"] is None
    monkeypatch.setattr(page, "pressed", lambda: ("ng", "s9", 2))
    page._act(session, session.part, line)
    assert line.key == "s1" and line.fault is None


def test_a_key_that_is_sent_twice_counts_once(
    draw: Draw, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = draw("review", home)
    line = app.session_state["review_state"]
    monkeypatch.setattr(page, "pressed", lambda: ("next", "s1", 0))
    session = a_session()
    assert session.part is not None
    for _again in range(2):
        page._act(session, session.part, line)
    assert (line.key, line.turn) == ("s2", 1)
