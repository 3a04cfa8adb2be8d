"""The tables of operation: what incoming pictures looked like, when to retrain, what came of it, who may act now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data_registry.columns import Base, Key, Sha256


class MonitorWindow(Base):
    """One window of incoming good pictures, held against the catalogue; rows are added, never changed."""

    __tablename__ = "monitor_windows"
    __table_args__ = (
        UniqueConstraint("part_id", "baseline_sha256", "content_sha256"),
        ForeignKeyConstraint(
            ["part_id", "model_version_id"], ["model_versions.part_id", "model_versions.id"]
        ),
        Index("ix_monitor_windows_part_id", "part_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    model_version_id: Mapped[int | None] = mapped_column(Key)
    baseline_sha256: Mapped[str] = mapped_column(Sha256)
    content_sha256: Mapped[str] = mapped_column(Sha256)
    source: Mapped[str]
    images: Mapped[int]
    figures: Mapped[dict[str, Any]]
    exceeded: Mapped[list[str]]
    unusual: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Alarm(Base):
    """The same indicators over their limits in two windows in a row; rows are added, never changed."""

    __tablename__ = "alarms"
    __table_args__ = (Index("ix_alarms_part_id", "part_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    first_window_id: Mapped[int] = mapped_column(ForeignKey("monitor_windows.id"))
    second_window_id: Mapped[int] = mapped_column(ForeignKey("monitor_windows.id"))
    indicators: Mapped[list[str]]
    created_at: Mapped[datetime]


class RetrainPolicy(Base):
    """When a part is retrained, and who said so; the newest row of a part counts."""

    __tablename__ = "retrain_policies"
    __table_args__ = (Index("ix_retrain_policies_part_id", "part_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    active: Mapped[bool]
    cron: Mapped[str | None]
    timezone: Mapped[str]
    triggers: Mapped[list[str]]
    set_by: Mapped[str]
    created_at: Mapped[datetime]


class RetrainRun(Base):
    """One retraining from its start to its end; `due_at` is the moment of the calendar that it answers."""

    __tablename__ = "retrain_runs"
    __table_args__ = (
        UniqueConstraint("part_id", "due_at"),
        CheckConstraint("state IN ('running', 'promoted', 'kept', 'failed')", name="state"),
        Index("ix_retrain_runs_part_id", "part_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    cause: Mapped[str]
    due_at: Mapped[datetime | None]
    state: Mapped[str]
    progress: Mapped[dict[str, Any]]
    reason: Mapped[str]
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Lease(Base):
    """Who may do something now, and until when; an outlived lease may be taken over."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    taken_at: Mapped[datetime]
    until: Mapped[datetime]


class AuditEvent(Base):
    """Who did what to what; outlives what it tells of, so it refers to nothing. Rows are added, never changed."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
