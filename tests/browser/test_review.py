"""Reviewing by keyboard in a real browser: twenty decisions with undo, and two people at once."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.chromium import Visitor
from tests.browser.conftest import Visits
from tests.browser.dashboard import records

DECISIONS = ("o", "n", "u", "o", "n")


def decided(home: Path) -> dict[int, str | None]:
    """Sample to its latest decision, as the registry has it."""
    with records(home) as rows:
        part = rows.parts.list()[0]
        return {one.id: one.latest_review for one in rows.samples.stream(part.id)}


def shown(visitor: Visitor) -> str:
    return visitor.page.locator(".desk").get_attribute("data-at") or ""


def types(visitor: Visitor, key: str) -> None:
    """Press a key and wait for the answer."""
    desk = visitor.page.locator(".desk")
    turn = int(desk.get_attribute("data-turn") or 0)
    visitor.page.keyboard.press(key)
    expect(desk).to_have_attribute("data-turn", str(turn + 1))
    expect(desk.locator(".main img").first).to_be_visible()


def test_twenty_by_keyboard_with_undo(visit: Visits, home: Path) -> None:
    visitor = visit("review")
    expect(visitor.page.locator(".desk .main img").first).to_be_visible()
    seen = []
    for at in range(20):
        seen.append(shown(visitor))
        types(visitor, DECISIONS[at % len(DECISIONS)])
    assert len(set(seen)) == 20
    kept = {key: one for key, one in decided(home).items() if one is not None}
    assert sorted(kept) == sorted(int(one.removeprefix("s")) for one in seen)
    assert sorted(kept.values()) == sorted(["ok", "ng", "undecided", "ok", "ng"] * 4)
    for _again in range(3):
        types(visitor, "z")
    assert sum(one is not None for one in decided(home).values()) == 17
    assert shown(visitor) == seen[17]
    types(visitor, "ArrowLeft")
    assert shown(visitor) == seen[16]
    assert visitor.page.locator(".mark.ng, .mark.ok, .mark.undecided").count() == 1


def test_two_people_never_get_the_same_sample(visit: Visits) -> None:
    first, second = visit("review"), visit("review")
    seen: dict[int, list[str]] = {0: [], 1: []}
    for _at in range(4):
        for number, visitor in enumerate((first, second)):
            seen[number].append(shown(visitor))
            types(visitor, "o")
    assert "" not in seen[0] + seen[1]
    assert not set(seen[0]) & set(seen[1])


def test_a_reload_loses_no_decision_and_no_place(visit: Visits, home: Path) -> None:
    visitor = visit("review")
    before = sum(one is not None for one in decided(home).values())
    types(visitor, "n")
    visitor.page.reload()
    visitor.waits()
    assert sum(one is not None for one in decided(home).values()) == before + 1
    types(visitor, "o")
    assert sum(one is not None for one in decided(home).values()) == before + 2
