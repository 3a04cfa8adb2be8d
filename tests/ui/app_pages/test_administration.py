"""The page of administration: empty, small and large registries, and what an admin can do there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from factory_gen.errors import GateNotPassed
from pipelines import export
from pipelines.queries.admin import open_requests, storage_of
from pipelines.services import accounts
from pipelines.services.access import ADMIN, ENGINEER
from tests.data_registry.rows import sha
from tests.pipelines.drawn_part import draw_part, workplace
from tests.ui.test_app import a_home
from tests.ui.test_entrance import SECRET, token_of

Draw = Callable[..., AppTest]
SECTIONS = ("requests", "users", "audit", "storage", "services", "end")
MANY_EVENTS, MANY_USERS = 10_000, 200
SLOW_S = 30.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A drawn part whose synthetic version the gate holds back, an admin and an engineer who has asked for it."""
    with workplace(tmp_path) as work:
        part = draw_part(work)
        for name, role in (("Sato", ADMIN), ("Mia", ENGINEER)):
            accounts.add(work, name, SECRET, role=role, by="test")
        with pytest.raises(GateNotPassed):
            export.run(work, "tile", format="mvtec", out=tmp_path / "out")
        with work.registry.write() as rows:
            held = rows.datasets.list(part.id)[-1]
            rows.overrides.ask(
                part.id, dataset_version_id=held.id, reason="format trial for the trainer", asked_by="Mia"
            )
    return tmp_path


def opened(draw: Draw, home: Path, section: str, **options: object) -> AppTest:
    app = draw("administration", home, **options)
    assert not app.exception
    app.session_state["administration_section"] = section
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    [button] = [one for one in app.main.button if one.label == label]
    return button.click().run()


def told(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.text, app.success, app.error, app.info)
    return "\n".join(one.value for kind in kinds for one in kind)


@pytest.mark.parametrize("section", SECTIONS)
def test_an_empty_registry(draw: Draw, tmp_path: Path, section: str) -> None:
    opened(draw, a_home(tmp_path), section)


@pytest.mark.parametrize("language", ["en", "ja", "de"])
def test_every_section_of_a_small_one(draw: Draw, home: Path, language: str) -> None:
    token = token_of(home, "Sato")
    app = draw("administration", home, token=token, language=language)
    for section in SECTIONS:
        app.session_state["administration_section"] = section
        app.run()
        assert not app.exception, section
        assert "#### :material/error" not in told(app), section


def test_open_pages_keep_no_users(draw: Draw, home: Path) -> None:
    assert "factory-gen user add NAME --role admin" in told(opened(draw, home, "users"))


def test_a_request_is_confirmed_by_the_second_person_and_the_version_may_go(draw: Draw, home: Path) -> None:
    app = opened(draw, home, "requests", token=token_of(home, "Sato"))
    assert "format trial for the trainer" in told(app)
    press(app, "Confirm")
    with workplace(home) as work:
        assert open_requests(work) == []
        with work.registry.read() as rows:
            assert rows.audit.recent(1)[0].action == "confirm override"
    engineer = draw("datasets", home, token=token_of(home, "Mia"))
    assert "confirmed by Sato" in told(engineer)
    assert "Export version 1 as mvtec" in [one.label for one in engineer.main.button]


def test_an_engineer_asks_on_the_page_of_data_sets(draw: Draw, home: Path) -> None:
    app = draw("datasets", home, token=token_of(home, "Mia"))
    assert "waits for an admin" in told(app)
    assert "Export version 1 as mvtec" not in [one.label for one in app.main.button]
    app = press(app, "Ask an admin to confirm")
    assert "Say in a sentence" in told(app)
    [reason] = [one for one in app.main.text_input if one.key == "override_reason"]
    reason.input("the supplier wants to see it")
    press(app, "Ask an admin to confirm")
    with workplace(home) as work:
        assert [one.request.reason for one in open_requests(work)] == [
            "the supplier wants to see it",
            "format trial for the trainer",
        ]


def test_users_are_added_changed_and_closed(draw: Draw, home: Path) -> None:
    app = opened(draw, home, "users", token=token_of(home, "Sato"))
    fields = {one.label: one for one in app.main.text_input}
    fields["Name"].input("Bo")
    fields["Password, 10 signs or more"].input("short")
    app = press(app, "Add")
    assert "10 to 512" in told(app)
    {one.label: one for one in app.main.text_input}["Password, 10 signs or more"].input(SECRET)
    app = press(app, "Add")
    assert "Bo may log in now." in told(app)
    [chosen] = [one for one in app.main.selectbox if one.label == "Account"]
    app = chosen.select("Bo").run()
    [role] = [one for one in app.main.selectbox if one.label == "Role" and one.value == "operator"][1:]
    role.select("engineer")
    app = press(app, "Save")
    app = press(app, "Close this account")
    with workplace(home) as work, work.registry.read() as rows:
        bo = rows.accounts.get("Bo")
        assert (bo.role, bo.active, bo.parts) == ("engineer", False, None)
    assert "Open this account again" in [one.label for one in app.main.button]


def test_the_last_admin_cannot_close_the_own_account(draw: Draw, home: Path) -> None:
    app = opened(draw, home, "users", token=token_of(home, "Sato"))
    [chosen] = [one for one in app.main.selectbox if one.label == "Account"]
    chosen.select("Sato").run()
    app = press(app, "Close this account")
    assert "at least one admin" in told(app)


def test_a_changed_event_is_found(draw: Draw, home: Path) -> None:
    app = press(opened(draw, home, "audit", token=token_of(home, "Sato")), "Check the chain")
    assert "each as it was written" in told(app)
    with workplace(home) as work, work.registry.read() as rows:
        assert app.code[0].value == rows.audit.check().head


def test_stored_bytes_are_verified(draw: Draw, home: Path) -> None:
    app = opened(draw, a_home(home / "new", "bolt"), "storage")
    assert "Nothing is missing or changed" in told(press(app, "Verify"))
    app = opened(draw, home, "storage", token=token_of(home, "Sato"))
    app = press(press(app, "Count what lies there"), "Verify")
    assert "▲ 2 things are wrong" in told(app)  # a drawn model has no files, its catalogue no manifest
    with workplace(home) as work:
        counted = {one.name: one for one in storage_of(work.settings).places}
        blobs = list(work.blobs.iter_hashes())
        assert counted["stored bytes"].files == len(blobs)
        assert counted["registry"].bytes > 0
        with work.registry.read() as rows:
            [version] = [
                one for one in rows.datasets.list(rows.parts.get("tile").id) if one.kind == "synthetic"
            ]
        work.blobs.path(version.manifest_sha256).unlink()
    assert "▲ 3 things are wrong" in told(press(app, "Verify"))


def test_a_part_goes_only_by_its_name(draw: Draw, home: Path) -> None:
    app = press(opened(draw, home, "end", token=token_of(home, "Sato")), "List what would go")
    app.main.text_input[0].input("tiles")
    app = press(app, "Destroy")
    assert "That is not its name" in told(app)
    app.main.text_input[0].input("tile")
    app = press(app, "Destroy")
    assert not app.exception
    with workplace(home) as work, work.registry.read() as rows:
        assert rows.parts.list() == []
        assert rows.audit.check().broken == ()


@pytest.mark.slow
def test_a_large_one_is_paged_by_key(draw: Draw, home: Path) -> None:
    with workplace(home) as work, work.registry.write() as rows:
        for number in range(MANY_USERS):
            rows.accounts.add(f"user {number:03}", role="operator", password_hash=sha("x"), parts=["tile"])
        for number in range(MANY_EVENTS):
            rows.audit.add(actor=f"user {number % 7:03}", action="review", subject=f"sample {number}")
    token = token_of(home, "Sato")
    app = opened(draw, home, "audit", token=token)
    began = time.monotonic()
    app = press(app, "Older")
    older_s = time.monotonic() - began
    first = app.dataframe[0].value
    assert len(first) == 50 and first["number"].is_monotonic_decreasing
    app = press(app, "Newer")
    assert app.dataframe[0].value["number"].iloc[0] == first["number"].iloc[0] + 50
    app.main.text_input[0].input("user 003").run()
    assert set(app.dataframe[0].value["who"]) == {"user 003"}
    began = time.monotonic()
    app = press(app, "Check the chain")
    check_s = time.monotonic() - began
    assert f"{MANY_EVENTS:,}"[:3] in told(app) and "each as it was written" in told(app)
    app.session_state["administration_section"] = "users"
    began = time.monotonic()
    app.run()
    users_s = time.monotonic() - began
    assert len(app.dataframe[0].value) == MANY_USERS + 2
    print(f"older {older_s:.2f} s, chain {check_s:.2f} s, users {users_s:.2f} s")
    assert max(older_s, check_s, users_s) < SLOW_S
