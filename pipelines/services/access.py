"""Who may do what: the roles of a plant, and the one table that every checked call is looked up in.

The table follows what vision engineers know from their cameras: an operator judges, an engineer makes, an admin
keeps users and data and confirms what should not be one person's decision. An action that is not in the table is
refused for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import NotPermitted

OPERATOR, ENGINEER, ADMIN = "operator", "engineer", "admin"
OPEN = "open"  # without accounts, on this machine alone: `factory-gen ui --open`
ROLES = (OPERATOR, ENGINEER, ADMIN)

_MAKERS = frozenset({ENGINEER, OPEN})
_JUDGES = frozenset({OPERATOR, ENGINEER, OPEN})
_KEEPERS = frozenset({ADMIN, OPEN})
_ALL = frozenset({OPERATOR, ENGINEER, ADMIN, OPEN})
_PEOPLE = frozenset({ADMIN})

ACTIONS: Mapping[str, frozenset[str]] = {
    "see": _ALL,
    "own account": frozenset(ROLES),
    "draw masks": _JUDGES,
    "review": _JUDGES,
    "try": _MAKERS,  # previews and single pictures that are not kept
    "ingest": _MAKERS,
    "change part": _MAKERS,
    "train": _MAKERS,
    "promote": _MAKERS,
    "generate": _MAKERS,
    "gate": _MAKERS,
    "schedule": _MAKERS,
    "figures": _MAKERS,
    "cancel": _MAKERS,
    "export": _MAKERS,
    "ask override": _MAKERS,
    "confirm override": _KEEPERS,
    "users": _PEOPLE,
    "see audit": _KEEPERS,
    "check storage": _KEEPERS | _MAKERS,
    "delete": _KEEPERS,
    "restore": _KEEPERS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who calls.

    Attributes:
        name: the account's name; "this machine" where the dashboard is open.
        role: one of `ROLES`, or `OPEN`.
        parts: names of the parts that this person works on; None for all.
    """

    name: str
    role: str
    parts: tuple[str, ...] | None = None


def allowed(role: str, action: str) -> bool:
    """Say whether a role may do something; an unknown action or role may nothing."""
    return role in ACTIONS.get(action, frozenset())


def require(actor: Actor, action: str, part: str | None = None) -> None:
    """Refuse what the actor may not do.

    Args:
        actor: who calls.
        action: a key of `ACTIONS`.
        part: the part it is done to, where there is one.

    Raises:
        NotPermitted: the role, or the part, is not this person's.
    """
    if not allowed(actor.role, action):
        may = sorted(ACTIONS.get(action, frozenset()) - {OPEN})
        raise NotPermitted(
            expected=f"a person who may do this ({action}): {' or '.join(may) or 'nobody'}",
            found=f"{actor.name}, who is {actor.role}",
            action="Ask one of them, or ask an admin for another role.",
        )
    if part is not None and actor.parts is not None and part not in actor.parts:
        raise NotPermitted(
            expected=f"one of your parts: {', '.join(actor.parts) or 'none yet'}",
            found=repr(part),
            action="Ask an admin to assign this part to you.",
        )
