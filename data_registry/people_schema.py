"""The tables of who works here, and the chain that the audit trail hangs on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data_registry.columns import Base, Key, Sha256


class Account(Base):
    """One person's account; never deleted, so that a name is never given to somebody else."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("folded_name"),
        CheckConstraint("role IN ('operator', 'engineer', 'admin')", name="role"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    folded_name: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    parts: Mapped[dict[str, Any]]
    active: Mapped[bool]
    language: Mapped[str]
    choices: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    last_log_in: Mapped[datetime | None]


class Visit(Base):
    """One log-in; the row goes when it ends. Only a hash of its token is kept."""

    __tablename__ = "visits"
    __table_args__ = (Index("ix_visits_account_id", "account_id"),)

    token_sha256: Mapped[str] = mapped_column(Sha256, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class LogInFailure(Base):
    """How often a name failed to log in lately, known or not; only a hash of the name is kept."""

    __tablename__ = "log_in_failures"

    name_sha256: Mapped[str] = mapped_column(Sha256, primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime]
    last: Mapped[datetime]


class Override(Base):
    """One request to hand a version out against the gate, and who confirmed it."""

    __tablename__ = "overrides"
    __table_args__ = (
        ForeignKeyConstraint(
            ["part_id", "dataset_version_id"], ["dataset_versions.part_id", "dataset_versions.id"]
        ),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> asked_by", name="second_person"),
        Index("ix_overrides_dataset_version_id", "part_id", "dataset_version_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(Key)
    dataset_version_id: Mapped[int] = mapped_column(Key)
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]


class AuditLink(Base):
    """The hash of one audit event together with the hash of the one before it."""

    __tablename__ = "audit_links"
    __table_args__ = (UniqueConstraint("previous_sha256"),)

    event_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    previous_sha256: Mapped[str] = mapped_column(Sha256)
    sha256: Mapped[str] = mapped_column(Sha256)


class AuditHead(Base):
    """How long the chain is and where it ends: the one row that shows that its end was cut off."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    events: Mapped[int]
    sha256: Mapped[str] = mapped_column(Sha256)
