"""The exchange of a ticket for the cookie of a visit, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME, USER_COOKIE_NAME

from factory_gen.errors import InputRefused
from pipelines.settings import load_settings
from ui import opening, server, visit_cookie
from ui.visit_cookie import COOKIE, PATH, PLANT_COOKIES, ROUTES, TICKET_S, ticket_for


@pytest.fixture
def browser() -> TestClient:
    return TestClient(Starlette(routes=list(ROUTES)))


def test_a_ticket_is_good_once(browser: TestClient) -> None:
    ticket = ticket_for("secret token")
    answer = browser.post(PATH, content=ticket)
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert browser.post(PATH, content=ticket).status_code == 403


def test_over_an_encrypted_line_the_cookie_stays_on_one() -> None:
    browser = TestClient(Starlette(routes=list(ROUTES)), base_url="https://box.plant")
    answer = browser.post(PATH, content=ticket_for("secret token"))
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"no ticket", {}),
        (b"", {}),
        (b"x" * 10_000, {}),
        (None, {"sec-fetch-site": "cross-site"}),
        (None, {"sec-fetch-site": "same-site"}),
    ],
)
def test_nothing_else_gets_a_cookie(
    browser: TestClient, content: bytes | None, headers: dict[str, str]
) -> None:
    answer = browser.post(PATH, content=ticket_for("x") if content is None else content, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert browser.get(PATH).status_code == 405


def test_an_old_ticket_is_void(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = ticket_for("secret token")
    later = visit_cookie.time.monotonic() + TICKET_S + 1
    monkeypatch.setattr(visit_cookie.time, "monotonic", lambda: later)
    assert browser.post(PATH, content=ticket).status_code == 403


def test_the_cookies_of_the_plants_log_in_are_given_up(browser: TestClient) -> None:
    assert USER_COOKIE_NAME.startswith(PLANT_COOKIES) and TOKENS_COOKIE_NAME.startswith(PLANT_COOKIES)
    browser.cookies.set(USER_COOKIE_NAME, "signed")
    browser.cookies.set(f"{USER_COOKIE_NAME}_1", "rest")
    answer = browser.post(PATH, content=ticket_for("secret token"))
    gone = [line for line in answer.headers.get_list("set-cookie") if "Max-Age=0" in line]
    assert {line.split("=")[0] for line in gone} == {USER_COOKIE_NAME, f"{USER_COOKIE_NAME}_1"}


def test_the_server_knows_the_plants_log_in(tmp_path: Path) -> None:
    settings = load_settings({"home": tmp_path}, environ={}).settings
    assert server.make_app(settings, without_accounts=False) is not None
    assert not opening.has_plant_log_in() and not opening.is_open()
    file = tmp_path / "log_in.toml"
    file.write_text(
        'redirect_uri = "http://localhost:8501/oauth2callback"\nclient_id = "x"\nclient_secret = "y"\n'
    )
    with pytest.raises(InputRefused, match="chmod 600"):
        server.make_app(settings, without_accounts=False)
    file.chmod(0o600)
    with pytest.raises(InputRefused, match="server_metadata_url"):
        server.make_app(settings, without_accounts=False)
    with file.open("a") as text:
        text.write('server_metadata_url = "https://id.plant/.well-known/openid-configuration"\n')
    server.make_app(settings, without_accounts=False)
    assert opening.has_plant_log_in()
    server.make_app(settings, without_accounts=True)
    assert opening.is_open() and not opening.has_plant_log_in()
