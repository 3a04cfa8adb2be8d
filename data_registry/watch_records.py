"""The frozen records of operation: windows of incoming pictures, alarms, retraining, leases, the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

RUNNING, PROMOTED, KEPT, FAILED = "running", "promoted", "kept", "failed"
END_STATES = (PROMOTED, KEPT, FAILED)
TRIGGERS = ("drift", "approvals", "new-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorWindowRecord:
    """One window of incoming good pictures, held against the catalogue.

    Attributes:
        model_version_id: whose autoencoder and prior looked at it.
        baseline_sha256: hash of what it was compared with; only windows of one baseline follow each other.
        content_sha256: hash over its pictures, so that the same pictures are never counted twice.
        source: where they came from, for people.
        images: how many.
        figures: indicator to its figures ("value", "limit", and "p" where there is one).
        exceeded: indicators over their limits.
        unusual: indicator to the names of the pictures that stand out most.
        created_at: UTC.
    """

    id: int
    part_id: int
    model_version_id: int | None
    baseline_sha256: str
    content_sha256: str
    source: str
    images: int
    figures: dict[str, Any]
    exceeded: tuple[str, ...]
    unusual: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRecord:
    """The same indicators over their limits in two windows in a row."""

    id: int
    part_id: int
    first_window_id: int
    second_window_id: int
    indicators: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainPolicyRecord:
    """When a part is retrained.

    Attributes:
        active: False after `schedule off`.
        cron: five fields, read in `timezone`; None without a calendar.
        timezone: IANA name.
        triggers: of `TRIGGERS`.
        set_by: who said so.
        created_at: UTC; nothing that was due before it is made up for.
    """

    id: int
    part_id: int
    active: bool
    cron: str | None
    timezone: str
    triggers: tuple[str, ...]
    set_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainRunRecord:
    """One retraining.

    Attributes:
        cause: what started it, for people.
        due_at: the moment of the calendar that it answers; None for all other causes.
        state: "running", "promoted", "kept" or "failed".
        progress: what its finished steps gave, so that a killed run goes on.
        reason: why it ended as it did.
        started_by: who or what.
    """

    id: int
    part_id: int
    cause: str
    due_at: datetime | None
    state: str
    progress: dict[str, Any]
    reason: str
    started_by: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """Who may do something now, and until when (UTC)."""

    name: str
    holder: str
    taken_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Who did what to what, and when (UTC)."""

    id: int
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    created_at: datetime
