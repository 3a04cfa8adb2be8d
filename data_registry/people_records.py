"""The frozen records of who works here: accounts, visits, requests to hand out against the gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """One person's account; moments in UTC.

    Attributes:
        name: unique, whatever its case.
        role: "operator", "engineer" or "admin".
        parts: names of the parts that this person works on; None for all.
        active: whether the person may log in.
        language: of the pages; empty until chosen.
        choices: what the pages remember for this person, JSON-able.
    """

    id: int
    name: str
    role: str
    parts: tuple[str, ...] | None
    active: bool
    language: str
    choices: dict[str, object]
    created_at: datetime
    last_log_in: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """One log-in that has not ended: who, since when, and when something was last done (UTC)."""

    account: AccountRecord
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRecord:
    """One request to hand a version out although the gate does not say "helps"; `confirmed_by` a second person."""

    id: int
    part_id: int
    dataset_version_id: int
    reason: str
    asked_by: str
    asked_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLink:
    """One place where the audit trail is not what was written: the event's number and what is wrong with it."""

    event_id: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """What a check of the audit trail found; `head` is the hash to note down outside this machine."""

    events: int
    head: str
    broken: tuple[BrokenLink, ...]
