"""Accounts, visits, failed log-ins, requests against the gate, and the chain of the audit trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from data_registry.audit_chain import HEAD, START, hash_of
from data_registry.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _accounts()
    _visits()
    _overrides()
    _chain()


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _sha256(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(64), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _accounts() -> None:
    op.create_table(
        "accounts",
        _key("id"),
        _text("name"),
        _text("folded_name"),
        _text("password_hash"),
        _text("role"),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _text("language"),
        sa.Column("choices", sa.JSON(), nullable=False),
        _moment("created_at"),
        _moment("last_log_in", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("folded_name", name="uq_accounts_folded_name"),
        sa.CheckConstraint("role IN ('operator', 'engineer', 'admin')", name="ck_accounts_role"),
    )


def _visits() -> None:
    op.create_table(
        "visits",
        _sha256("token_sha256"),
        _key("account_id"),
        _moment("created_at"),
        _moment("seen_at"),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_visits"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_visits_account_id"),
    )
    op.create_index("ix_visits_account_id", "visits", ["account_id"])
    op.create_table(
        "log_in_failures",
        _sha256("name_sha256"),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("since"),
        _moment("last"),
        sa.PrimaryKeyConstraint("name_sha256", name="pk_log_in_failures"),
    )


def _overrides() -> None:
    op.create_table(
        "overrides",
        _key("id"),
        _key("part_id"),
        _key("dataset_version_id"),
        _text("reason"),
        _text("asked_by"),
        _moment("asked_at"),
        _text("confirmed_by", nullable=True),
        _moment("confirmed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
        sa.ForeignKeyConstraint(
            ["part_id", "dataset_version_id"],
            ["dataset_versions.part_id", "dataset_versions.id"],
            name="fk_overrides_part_id_dataset_version_id",
        ),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR confirmed_by <> asked_by", name="ck_overrides_second_person"
        ),
    )
    op.create_index("ix_overrides_dataset_version_id", "overrides", ["part_id", "dataset_version_id", "id"])


def _chain() -> None:
    links = op.create_table(
        "audit_links",
        _key("event_id"),
        _sha256("previous_sha256"),
        _sha256("sha256"),
        sa.PrimaryKeyConstraint("event_id", name="pk_audit_links"),
        sa.UniqueConstraint("previous_sha256", name="uq_audit_links_previous_sha256"),
    )
    heads = op.create_table(
        "audit_heads",
        _key("id"),
        sa.Column("events", sa.Integer(), nullable=False),
        _sha256("sha256"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_heads"),
    )
    events, end = _link_events(links)
    op.bulk_insert(heads, [{"id": HEAD, "events": events, "sha256": end}])
    _freeze()


def _link_events(links: sa.Table) -> tuple[int, str]:
    """Take the events from before the chain as they are; return how many there are and where the chain ends."""
    names = ("id", "actor", "action", "subject")
    events = sa.table(
        "audit_events",
        *(sa.column(name) for name in names),
        sa.column("details", sa.JSON()),
        sa.column("created_at", UtcDateTime()),
    )
    found = op.get_bind().execute(sa.select(events).order_by(events.c.id)).all()
    previous = START
    for event in found:
        sha256 = hash_of(event, previous)
        op.bulk_insert(links, [{"event_id": event.id, "previous_sha256": previous, "sha256": sha256}])
        previous = sha256
    return len(found), previous


def _freeze() -> None:
    """Links are never changed or taken away, nor are events taken away; that they never change is in 0003."""
    message = "the audit trail is never rewritten"
    if op.get_bind().dialect.name == "sqlite":
        for table, change in (
            ("audit_links", "UPDATE"),
            ("audit_links", "DELETE"),
            ("audit_events", "DELETE"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
        return
    for table, changes in (
        ("audit_links", "UPDATE OR DELETE"),
        ("audit_events", "DELETE"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE {changes} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )
