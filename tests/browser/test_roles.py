"""Roles in a real browser: who logs in sees what the role may, a visit outlives a reload, and logging out ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Visitor
from tests.browser.conftest import Visits
from tests.browser.dashboard import served

PASSWORDS = {"olga": "operators password", "erik": "engineers password", "ada": "an admins password"}
ROLES = {"olga": "operator", "erik": "engineer", "ada": "admin"}


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Pages that ask who comes."""
    from pipelines.services import accounts
    from tests.pipelines.drawn_part import workplace

    with workplace(home) as work:
        for name, role in ROLES.items():
            accounts.add(work, name, PASSWORDS[name], role=role, by="the test")
    with served(home, "--address", "127.0.0.1") as address:
        yield address


def types_in(visitor: Visitor, name: str, password: str) -> None:
    visitor.page.get_by_label("Name", exact=True).fill(name)
    visitor.page.get_by_label("Password", exact=True).fill(password)
    visitor.page.get_by_label("Password", exact=True).press("Enter")


def comes_in(visitor: Visitor, name: str) -> None:
    types_in(visitor, name, PASSWORDS[name])
    expect(visitor.page.get_by_test_id("stSidebarNav")).to_be_visible()
    visitor.waits()


def test_a_wrong_password_lets_nobody_in(visit: Visits) -> None:
    visitor = visit("catalogue")
    types_in(visitor, "olga", "not the password")
    visitor.sees("do not let anybody in")
    assert visitor.page.get_by_test_id("stSidebarNav").count() == 0


def test_an_operator_judges_and_no_more(visit: Visits) -> None:
    visitor = visit("review")
    comes_in(visitor, "olga")
    expect(visitor.page.locator(".desk .main img").first).to_be_visible()
    visitor.page.reload()
    visitor.waits()
    expect(visitor.page.locator(".desk .main img").first).to_be_visible()
    visitor.goes_to("generate")
    assert visitor.button("Draw 8").is_disabled()
    visitor.goes_to("catalogue")
    visitor.opens("Add pictures")
    visitor.sees("Pictures are added by engineers.")


def test_an_engineer_makes(visit: Visits) -> None:
    visitor = visit("generate")
    comes_in(visitor, "erik")
    assert visitor.button("Draw 8").is_enabled()


def test_an_admin_keeps_people_and_leaves(visit: Visits) -> None:
    visitor = visit("administration")
    comes_in(visitor, "ada")
    assert visitor.page.locator("h1").first.inner_text() == "Administration"
    visitor.opens("Users")
    assert visitor.page.get_by_test_id("stDataFrame").count() == 1
    visitor.page.get_by_test_id("stPopoverButton").first.click()
    visitor.presses("Log out")
    visitor.sees("You have logged out.")
    visitor.page.reload()
    visitor.waits()
    assert visitor.page.get_by_test_id("stSidebarNav").count() == 0
