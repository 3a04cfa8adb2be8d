"""Verdicts of the gate, figures kept over time, reviews of real pictures as blind controls."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _verdicts()
    _kpis()
    _controls()
    # What deleting a part or a picture looks for; the foreign keys alone have no index on this side.
    op.create_index("ix_source_images_group_id", "source_images", ["group_id"])
    op.create_index("ix_source_images_mask_id", "source_images", ["mask_id"])
    op.create_index("ix_samples_source_image_id", "samples", ["source_image_id"])


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=False)


def _real(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _created_at() -> sa.Column[Any]:
    return sa.Column("created_at", sa.DateTime(timezone=True), nullable=False)


def _verdicts() -> None:
    op.create_table(
        "verdicts",
        _key("id"),
        _key("part_id"),
        _key("dataset_version_id"),
        _text("decision"),
        _text("metric"),
        _real("lift"),
        _real("lift_low"),
        _real("lift_high"),
        sa.Column("settings_sha256", sa.String(64), nullable=False),
        _json("report"),
        _created_at(),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name="fk_verdicts_part_id"),
        sa.ForeignKeyConstraint(
            ["part_id", "dataset_version_id"],
            ["dataset_versions.part_id", "dataset_versions.id"],
            name="fk_verdicts_part_id_dataset_version_id",
        ),
        sa.CheckConstraint("decision IN ('helps', 'not proven', 'harms')", name="ck_verdicts_decision"),
    )
    op.create_index("ix_verdicts_dataset_version_id", "verdicts", ["part_id", "dataset_version_id", "id"])


def _kpis() -> None:
    op.create_table(
        "kpis",
        _key("id"),
        _key("part_id"),
        _text("name"),
        _real("value"),
        _real("low", nullable=True),
        _real("high", nullable=True),
        _text("unit"),
        _json("details"),
        _created_at(),
        sa.PrimaryKeyConstraint("id", name="pk_kpis"),
        sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name="fk_kpis_part_id"),
    )
    op.create_index("ix_kpis_name", "kpis", ["part_id", "name", "id"])


def _controls() -> None:
    """A review is of a sample or, as a control, of one of the plant's pictures; blind ones name their session."""
    # SQLite copies the table, and the copy has only those checks that are named here.
    kept = sa.CheckConstraint("decision IN ('ok', 'ng', 'undecided')", name="ck_reviews_decision")
    with op.batch_alter_table("reviews", table_args=(kept,)) as table:
        table.alter_column(
            "sample_id",
            existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        )
        table.add_column(_key("source_image_id", nullable=True))
        table.add_column(sa.Column("session", sa.String(), nullable=True))
        table.create_foreign_key("fk_reviews_source_image_id", "source_images", ["source_image_id"], ["id"])
        table.create_check_constraint(
            "ck_reviews_subject", "(sample_id IS NULL) <> (source_image_id IS NULL)"
        )
    op.create_index("ix_reviews_source_image_id", "reviews", ["source_image_id", "id"])
