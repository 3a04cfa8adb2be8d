"""Roles against the table, and every checked call against every role."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import NotPermitted
from pipelines.services.access import ACTIONS, ADMIN, ENGINEER, OPEN, OPERATOR, ROLES, Actor, allowed, require
from pipelines.services.calls import Calls, checked
from pipelines.services.service import Service

EVERYBODY = (*ROLES, OPEN, "stranger", "")


def public_calls(kind: type[Calls]) -> dict[str, Any]:
    return {
        name: method
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


class Undeclared(Calls):
    def write_something(self) -> None:
        """Checks nothing."""


class Reached(Exception):
    """The call got past the check."""


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (OPERATOR, {"see", "review", "draw masks"}, {"ingest", "train", "generate", "export", "users"}),
        (
            ENGINEER,
            {"see", "review", "train", "export", "ask override"},
            {"confirm override", "users", "delete"},
        ),
        (ADMIN, {"see", "users", "confirm override", "delete"}, {"review", "draw masks", "train", "export"}),
        (OPEN, {"see", "review", "train", "export"}, {"users", "own account"}),
    ],
)
def test_roles_may_what_the_plant_lets_them(role: str, may: set[str], may_not: set[str]) -> None:
    assert {action for action in may | may_not if allowed(role, action)} == may


@pytest.mark.parametrize("role", EVERYBODY)
def test_an_unknown_action_is_for_nobody(role: str) -> None:
    assert not allowed(role, "fly")


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_may_nothing(action: str) -> None:
    with pytest.raises(NotPermitted):
        require(Actor(name="x", role="stranger"), action)


def test_a_part_of_others_is_refused() -> None:
    actor = Actor(name="mia", role=ENGINEER, parts=("bolt",))
    require(actor, "train", "bolt")
    with pytest.raises(NotPermitted, match="bolt"):
        require(actor, "train", "nut")


def test_every_public_call_says_its_action() -> None:
    calls = public_calls(Service)
    assert calls
    assert {name for name, call in calls.items() if getattr(call, "action", None) not in ACTIONS} == set()
    assert not hasattr(public_calls(Undeclared)["write_something"], "action")


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("name", sorted(public_calls(Service)))
def test_every_call_with_every_role(name: str, role: str) -> None:
    """A role that may goes past the check and falls over the missing workplace; the others are refused before."""
    service = Service(None, Actor(name="x", role=role))  # type: ignore[arg-type]
    call = public_calls(Service)[name]
    needed = {
        parameter.name: "x"
        for parameter in inspect.signature(call).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "self"
    }
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call(service, **needed)
    assert isinstance(caught.value, NotPermitted) != allowed(role, call.action)


def test_the_check_comes_before_the_work(tmp_path: Path) -> None:
    class One(Calls):
        @checked("train")
        def go(self, *, part: str) -> None:
            raise Reached

    with pytest.raises(NotPermitted):
        One(None, Actor(name="x", role=OPERATOR)).go(part="bolt")  # type: ignore[arg-type]
    with pytest.raises(Reached):
        One(None, Actor(name="x", role=ENGINEER)).go(part="bolt")  # type: ignore[arg-type]
