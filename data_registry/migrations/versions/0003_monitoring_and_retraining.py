"""Windows of incoming pictures, alarms, retraining policies and their history, leases, an audit trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _monitor_windows()
    _alarms()
    _retrain_policies()
    _retrain_runs()
    op.create_table(
        "leases",
        _text("name"),
        _text("holder"),
        _moment("taken_at"),
        _moment("until"),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    _audit_events()


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_a_part(name: str, *rest: sa.Column[Any] | sa.Constraint) -> None:
    """A table whose rows belong to a part and are numbered."""
    op.create_table(
        name,
        _key("id"),
        _key("part_id"),
        *rest,
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name=f"fk_{name}_part_id"),
    )
    op.create_index(f"ix_{name}_part_id", name, ["part_id", "id"])


def _monitor_windows() -> None:
    _of_a_part(
        "monitor_windows",
        _key("model_version_id", nullable=True),
        sa.Column("baseline_sha256", sa.String(64), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        _text("source"),
        sa.Column("images", sa.Integer(), nullable=False),
        _json("figures"),
        _json("exceeded"),
        _json("unusual"),
        _moment("created_at"),
        sa.ForeignKeyConstraint(
            ["part_id", "model_version_id"],
            ["model_versions.part_id", "model_versions.id"],
            name="fk_monitor_windows_part_id_model_version_id",
        ),
        sa.UniqueConstraint(
            "part_id",
            "baseline_sha256",
            "content_sha256",
            name="uq_monitor_windows_part_id_baseline_sha256_content_sha256",
        ),
    )


def _alarms() -> None:
    windows = ("first_window_id", "second_window_id")
    _of_a_part(
        "alarms",
        *(_key(name) for name in windows),
        _json("indicators"),
        _moment("created_at"),
        *(
            sa.ForeignKeyConstraint([name], ["monitor_windows.id"], name=f"fk_alarms_{name}")
            for name in windows
        ),
    )


def _retrain_policies() -> None:
    _of_a_part(
        "retrain_policies",
        sa.Column("active", sa.Boolean(), nullable=False),
        _text("cron", nullable=True),
        _text("timezone"),
        _json("triggers"),
        _text("set_by"),
        _moment("created_at"),
    )


def _retrain_runs() -> None:
    _of_a_part(
        "retrain_runs",
        _text("cause"),
        _moment("due_at", nullable=True),
        _text("state"),
        _json("progress"),
        _text("reason"),
        _text("started_by"),
        _moment("started_at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'promoted', 'kept', 'failed')", name="ck_retrain_runs_state"
        ),
        sa.UniqueConstraint("part_id", "due_at", name="uq_retrain_runs_part_id_due_at"),
    )


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        _key("id"),
        _text("actor"),
        _text("action"),
        _text("subject"),
        _json("details"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_subject", "audit_events", ["subject", "id"])
    message = "the audit trail is never rewritten"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER audit_events_frozen BEFORE UPDATE ON audit_events "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_events_frozen BEFORE UPDATE ON audit_events "
        "FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
    )
