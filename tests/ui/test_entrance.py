"""Coming in: who has no visit sees the entrance and nothing else; the ways in and out of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.services import accounts, visits
from pipelines.services.access import ADMIN, ENGINEER, OPERATOR
from tests.pipelines.drawn_part import workplace
from tests.ui.test_app import a_home

Draw = Callable[..., AppTest]
SECRET = "three quiet words"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    a_home(tmp_path, "bolt", "nut")
    with workplace(tmp_path) as work:
        accounts.add(work, "Sato", SECRET, role=ADMIN, by="test")
        accounts.add(work, "Mia", SECRET, role=ENGINEER, by="test")
        accounts.add(work, "Bo", SECRET, role=OPERATOR, parts=["nut"], by="test")
    return tmp_path


def token_of(home: Path, name: str, *, ago: timedelta = timedelta(0)) -> str:
    """The token of a visit that began a while ago."""
    with workplace(home) as work:
        with work.registry.read() as rows:
            account = rows.accounts.get(name)
        return visits.come_in(work, account, by="test", now=datetime.now(UTC) - ago).token


def try_in(app: AppTest, name: str, password: str) -> AppTest:
    fields = {one.label: one for one in app.main.text_input}
    fields["Name"].input(name)
    fields["Password"].input(password)
    [send] = [one for one in app.main.button if one.label == "Log in"]
    return send.click().run()


def came_in(app: AppTest) -> bool:
    """Whether the browser was told to fetch its cookie."""
    return any("fetch(" in one.proto.body for one in app.get("html"))


def labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def page_names(app: AppTest) -> set[str]:
    return set(app.session_state["pages"])


def test_the_right_password_comes_in(draw: Draw, home: Path) -> None:
    app = draw("home", home, token="")
    assert not app.exception
    assert not app.sidebar.selectbox
    app = try_in(app, "mia", SECRET)
    assert came_in(app) and not app.error


@pytest.mark.parametrize(("name", "password"), [("Mia", "wrong words"), ("nobody", SECRET), ("", "")])
def test_what_does_not_come_in_is_told_one_thing(draw: Draw, home: Path, name: str, password: str) -> None:
    app = try_in(draw("review", home, token=""), name, password)
    assert not came_in(app)
    assert [one.value[:22] for one in app.error] == ["This name and password"]


def test_a_closed_account_stays_out_and_is_put_out(draw: Draw, home: Path) -> None:
    token = token_of(home, "Mia")
    assert "Log out" in labels(draw("home", home, token=token))
    with workplace(home) as work:
        accounts.change(work, "Mia", active=False, by="Sato")
    assert "Log in" in labels(draw("home", home, token=token))
    assert not came_in(try_in(draw("home", home, token=""), "Mia", SECRET))


def test_after_five_failures_the_right_password_has_to_wait(draw: Draw, home: Path) -> None:
    app = draw("home", home, token="")
    for _ in range(accounts.FREE_FAILURES):
        app = try_in(app, "Mia", "wrong words")
    app = try_in(app, "Mia", SECRET)
    assert not came_in(app) and app.error
    assert came_in(try_in(app, "Sato", SECRET))


@pytest.mark.parametrize("ago", [timedelta(minutes=31), timedelta(hours=9)])
def test_a_visit_that_is_over_says_so(draw: Draw, home: Path, ago: timedelta) -> None:
    app = draw("home", home, token=token_of(home, "Mia", ago=ago))
    assert "Log in" in labels(app)
    assert [one.value[:20] for one in app.info] == ["Your visit has ended"]
    assert "part" not in app.session_state


def test_a_visit_outlives_a_reload_and_ends_with_the_button(draw: Draw, home: Path) -> None:
    token = token_of(home, "Mia")
    draw("home", home, token=token)
    app = draw("home", home, token=token)
    [leave] = [one for one in app.sidebar.button if one.label == "Log out"]
    leave.click().run()
    assert [one.value for one in app.info] == ["You have logged out."]
    assert "Log in" in labels(draw("home", home, token=token))


def test_each_role_sees_its_pages_and_its_parts(draw: Draw, home: Path) -> None:
    admin = draw("home", home, token=token_of(home, "Sato"))
    operator = draw("home", home, token=token_of(home, "Bo"), part="bolt")
    assert "administration" in page_names(admin)
    assert "administration" not in page_names(operator)
    assert operator.sidebar.selectbox[0].options == ["nut"]


def test_ones_language_is_remembered(draw: Draw, home: Path) -> None:
    app = draw("home", home, token=token_of(home, "Mia"), language=None)
    app.sidebar.selectbox[1].select("ja").run()
    again = draw("home", home, token=token_of(home, "Mia"), language=None)
    assert [one.value for one in again.title] == ["ホーム"]


def test_ones_own_password(draw: Draw, home: Path) -> None:
    app = draw("home", home, token=token_of(home, "Mia"))
    old, new, again = app.sidebar.text_input
    [change] = [one for one in app.sidebar.button if one.label == "Change"]
    old.input(SECRET)
    new.input("three other words")
    again.input("three others")
    app = change.click().run()
    assert [one.value for one in app.error] == ["The two new ones differ."]
    app.sidebar.text_input[2].input("three other words")
    [change] = [one for one in app.sidebar.button if one.label == "Change"]
    app = change.click().run()
    assert [one.value[:24] for one in app.info] == ["Your password is changed"]
    assert came_in(try_in(app, "Mia", "three other words"))


@pytest.mark.parametrize("language", ["en", "ja", "de"])
def test_without_an_admin_the_command_is_told(draw: Draw, tmp_path: Path, language: str) -> None:
    app = draw("home", a_home(tmp_path), token="", language=language)
    assert [one.value for one in app.code] == ["factory-gen user add NAME --role admin"]
    assert not app.text_input


def test_the_open_pages_say_that_they_are_open(draw: Draw, home: Path) -> None:
    app = draw("home", home)
    assert any("Open without accounts" in one.value for one in app.sidebar.caption)
    assert "Log out" not in labels(app)
