"""Accounts, visits and failed log-ins, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data_registry.errors import AlreadyExists, BadRecord, NotFound
from data_registry.session import Registry

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
A, B = "a" * 64, "b" * 64
LATELY = timedelta(minutes=15)


def add(registry: Registry, name: str = "Mia", role: str = "operator") -> None:
    with registry.write() as rows:
        rows.accounts.add(name, role=role, password_hash="hash")


def test_a_name_is_one_person_whatever_its_case(registry: Registry) -> None:
    add(registry, "Groß")
    with registry.read() as rows:
        assert rows.accounts.get("GROSS").name == "Groß"
        assert rows.accounts.find("nobody") is None
        with pytest.raises(NotFound):
            rows.accounts.get("nobody")
    with pytest.raises(AlreadyExists):
        add(registry, "gross")


@pytest.mark.parametrize("name", ["", " ", " mia", "m\nia", "m\u202eia", "m" * 65])
def test_a_name_that_cannot_be_read_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(BadRecord):
        add(registry, name)


def test_an_unknown_role_is_refused(registry: Registry) -> None:
    with pytest.raises(BadRecord):
        add(registry, role="owner")


def test_what_is_not_given_stays(registry: Registry) -> None:
    add(registry)
    with registry.write() as rows:
        rows.accounts.change("mia", language="ja", choices={"overlay": True})
        rows.accounts.change("mia", role="engineer", choices={"zoom": 2})
        rows.accounts.set_parts("mia", ["nut", "bolt"])
    with registry.read() as rows:
        kept = rows.accounts.get("mia")
        assert rows.accounts.count(role="engineer") == rows.accounts.count() == 1
    assert (kept.role, kept.language, kept.choices) == ("engineer", "ja", {"overlay": True, "zoom": 2})
    assert kept.parts == ("bolt", "nut")


@pytest.mark.parametrize("change", [{"active": False}, {"password_hash": "new"}])
def test_losing_access_ends_the_visits(registry: Registry, change: dict[str, object]) -> None:
    add(registry)
    add(registry, "Bo")
    with registry.write() as rows:
        rows.accounts.open_visit("mia", token_sha256=A, now=NOW)
        rows.accounts.open_visit("bo", token_sha256=B, now=NOW)
        rows.accounts.change("mia", **change)  # type: ignore[arg-type]
    with registry.read() as rows:
        assert rows.accounts.visit(A) is None
        assert rows.accounts.visit(B) is not None


def test_a_visit_is_seen_and_ends(registry: Registry) -> None:
    add(registry)
    later = NOW + timedelta(minutes=5)
    with registry.write() as rows:
        rows.accounts.open_visit("mia", token_sha256=A, now=NOW)
        rows.accounts.seen(A, now=later)
        rows.accounts.seen(B, now=later)
    with registry.read() as rows:
        visit = rows.accounts.visit(A)
        assert rows.accounts.get("mia").last_log_in == NOW
    assert visit is not None
    assert (visit.created_at, visit.seen_at, visit.account.name) == (NOW, later, "Mia")
    with registry.write() as rows:
        rows.accounts.close_visits_before(created=NOW - LATELY, seen=later)
        assert rows.accounts.visit(A) is not None
        rows.accounts.close_visits_before(created=NOW - LATELY, seen=later + LATELY)
        assert rows.accounts.visit(A) is None


def test_failures_are_counted_and_forgotten(registry: Registry) -> None:
    with registry.write() as rows:
        counts = [rows.accounts.note_failure(A, within=LATELY, now=NOW) for _ in range(3)]
        rows.accounts.note_failure(B, within=LATELY, now=NOW)
        rows.accounts.forget_failures(B)
        assert rows.accounts.failures(B, within=LATELY, now=NOW) is None
        assert rows.accounts.failures(A, within=LATELY, now=NOW) == (3, NOW)
        assert rows.accounts.failures(A, within=LATELY, now=NOW + 2 * LATELY) is None
        again = rows.accounts.note_failure(A, within=LATELY, now=NOW + 2 * LATELY)
    assert (counts, again) == ([1, 2, 3], 1)
