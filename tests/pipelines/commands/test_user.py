"""`factory-gen user` and `ui`: accounts from the command line, passwords from elsewhere, the server's own call."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.commands import user as cli_user
from pipelines.errors import NotPermitted
from pipelines.services import accounts
from pipelines.settings import load_settings
from tests.pipelines.drawn_part import workplace

SECRET = "three quiet words"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACTORY_GEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def call(monkeypatch: pytest.MonkeyPatch, *words: str, given: str = "") -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    return main(["user", *words])


def test_an_account_from_its_making_to_its_end(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "list") == 0
    assert "factory-gen user add NAME --role admin" in capsys.readouterr().out
    assert call(monkeypatch, "add", "Sato", "--role", "admin", "--by", "Kimura", given=SECRET + "\n") == 0
    assert call(monkeypatch, "add", "kim@plant.example", "--role", "engineer", "--no-password") == 0
    assert call(monkeypatch, "role", "kim@plant.example", "operator") == 0
    assert call(monkeypatch, "parts", "kim@plant.example", "none") == 0
    assert call(monkeypatch, "disable", "kim@plant.example") == 0
    capsys.readouterr()
    assert call(monkeypatch, "list", "--json") == 0
    users = json.loads(capsys.readouterr().out)["users"]
    assert [(one["name"], one["role"], one["parts"], one["may_log_in"]) for one in users] == [
        ("kim@plant.example", "operator", "none", False),
        ("Sato", "admin", "all", True),
    ]
    assert call(monkeypatch, "list") == 0
    assert SECRET not in capsys.readouterr().out
    assert call(monkeypatch, "enable", "kim@plant.example") == 0
    assert call(monkeypatch, "parts", "kim@plant.example", "all") == 0
    assert call(monkeypatch, "password", "sato", given="three other words\n") == 0
    with workplace(home) as work:
        assert accounts.log_in(work, "Sato", "three other words").account.name == "Sato"
        with pytest.raises(NotPermitted):
            accounts.log_in(work, "Sato", SECRET)
        with work.registry.read() as rows:
            assert rows.audit.check().broken == ()
            assert {one.actor for one in rows.audit.recent() if one.action == "add user"} >= {"Kimura"}


@pytest.mark.parametrize(
    ("words", "given", "code"),
    [
        (("add", "Mia", "--role", "boss"), SECRET, 2),
        (("add", "Mia", "--role", "operator"), "", 2),
        (("add", "Mia", "--role", "operator"), "short\n", 3),
        (("add", "Mia", "--role", "operator", "--part", "nowhere"), SECRET, 3),
        (("role", "nobody", "admin"), "", 3),
        (("password", "nobody"), SECRET, 3),
    ],
)
def test_what_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], given: str, code: int
) -> None:
    assert call(monkeypatch, *words, given=given) == code
    with workplace(home) as work, work.registry.read() as rows:
        assert rows.accounts.list() == []


def test_the_last_admin_is_not_closed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "add", "Sato", "--role", "admin", given=SECRET) == 0
    assert call(monkeypatch, "disable", "Sato") == 5


def test_a_terminal_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter([SECRET, SECRET, SECRET, "something else"])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(cli_user.getpass, "getpass", lambda _prompt: next(answers))
    assert cli_user.read_password("Mia") == SECRET
    with pytest.raises(cli_user.UsageError):
        cli_user.read_password("Mia")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    calls: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _path, words, environment: calls.append((words, environment)))
    return calls


def test_the_pages_become_the_process(home: Path, started: list[tuple[list[str], dict[str, str]]]) -> None:
    assert main(["ui", "--open", "--port", "8600"]) == 0
    ((words, environment),) = started
    assert words[1:4] == ["-P", "-m", "ui.server"]
    assert words[4:] == ["--port", "8600", "--address", "127.0.0.1", "--open"]
    assert load_settings({}, environ=environment).settings.home == home


def test_pages_for_other_machines(
    home: Path,
    tmp_path: Path,
    started: list[tuple[list[str], dict[str, str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ui", "--address", "0.0.0.0", "--open"]) == 2
    assert main(["ui", "--certificate", "box.pem"]) == 2
    assert main(["ui", "--certificate", "box.pem", "--certificate-key", "box.key"]) == 3
    assert not started
    assert main(["ui", "--address", "0.0.0.0"]) == 0
    assert "unencrypted" in capsys.readouterr().err
    for name in ("box.pem", "box.key"):
        (tmp_path / name).touch()
    pair = ["--certificate", str(tmp_path / "box.pem"), "--certificate-key", str(tmp_path / "box.key")]
    assert main(["ui", "--address", "0.0.0.0", "--host-name", "box.plant", *pair]) == 0
    assert started[-1][0][-6:] == ["--host-name", "box.plant", *pair]
    assert "unencrypted" not in capsys.readouterr().err
