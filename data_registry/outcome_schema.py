"""The tables of what came of it: the gate's verdicts, and the figures that are kept over time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from data_registry.columns import Base, Key, Sha256


class Verdict(Base):
    """One answer of the gate on one synthetic version; rows are added, never changed."""

    __tablename__ = "verdicts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["part_id", "dataset_version_id"], ["dataset_versions.part_id", "dataset_versions.id"]
        ),
        CheckConstraint("decision IN ('helps', 'not proven', 'harms')", name="decision"),
        Index("ix_verdicts_dataset_version_id", "part_id", "dataset_version_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    dataset_version_id: Mapped[int] = mapped_column(Key)
    decision: Mapped[str]
    metric: Mapped[str]
    lift: Mapped[float]
    lift_low: Mapped[float]
    lift_high: Mapped[float]
    settings_sha256: Mapped[str] = mapped_column(Sha256)
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Kpi(Base):
    """One figure at one moment; rows are added, never changed."""

    __tablename__ = "kpis"
    __table_args__ = (Index("ix_kpis_name", "part_id", "name", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    name: Mapped[str]
    value: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    unit: Mapped[str]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
