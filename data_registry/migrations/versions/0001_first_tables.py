"""The first tables: catalogue, versions, samples, reviews, exports."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _catalogue()
    _versions()
    _samples()
    _freeze_dataset_versions()


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _sha256(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(64), nullable=nullable)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _created_at() -> sa.Column[Any]:
    return sa.Column("created_at", sa.DateTime(timezone=True), nullable=False)


def _table(name: str, *items: sa.Column[Any] | sa.Constraint) -> None:
    """A table of one part: its key, its part, and what is given."""
    part = sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name=f"fk_{name}_part_id")
    _big_table(name, *items, part)


def _big_table(name: str, *items: sa.Column[Any] | sa.Constraint) -> None:
    """As `_table`, with no reference of its own to the part: the other references carry it."""
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{name}")
    op.create_table(name, _key("id"), _key("part_id"), *items, key)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _refer(table: str, target: str, column: str, *same: str) -> sa.ForeignKeyConstraint:
    """A reference that stays inside one part: `column` is the target's id, `same` has its name there."""
    return sa.ForeignKeyConstraint(
        ["part_id", column, *same],
        [f"{target}.{name}" for name in ("part_id", "id", *same)],
        name=f"fk_{table}_part_id_{'_'.join((column, *same))}",
    )


def _catalogue() -> None:
    op.create_table(
        "parts",
        _key("id"),
        _text("name"),
        _text("source_root"),
        sa.Column("mm_per_pixel", sa.Double()),
        _sha256("allowed_region_sha256", nullable=True),
        _created_at(),
        sa.PrimaryKeyConstraint("id", name="pk_parts"),
        _unique("parts", "name"),
    )
    name = "defect_types"
    _table(name, _text("name"), _unique(name, "part_id", "id"), _unique(name, "part_id", "name"))
    name = "splits"
    _table(
        name, _text("name"), _created_at(), _unique(name, "part_id", "id"), _unique(name, "part_id", "name")
    )
    name = "groups"
    _table(
        name,
        _key("split_id"),
        _text("name"),
        _refer(name, "splits", "split_id"),
        _unique(name, "part_id", "name"),
        _unique(name, "part_id", "id", "split_id"),
    )
    name = "masks"
    _table(
        name,
        _sha256("sha256"),
        _text("origin"),
        _unique(name, "part_id", "id"),
        _unique(name, "sha256", "part_id", "origin"),
    )
    _source_images("source_images")


def _source_images(name: str) -> None:
    _big_table(
        name,
        _key("group_id"),
        _key("split_id"),
        _text("kind"),
        _key("defect_type_id", nullable=True),
        _key("mask_id", nullable=True),
        sa.Column(
            "has_mask", sa.Boolean(), sa.Computed("mask_id IS NOT NULL", persisted=True), nullable=False
        ),
        sa.Column(
            "type_key",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Computed("coalesce(defect_type_id, 0)", persisted=True),
            nullable=False,
        ),
        _text("relative_path"),
        _sha256("sha256"),
        _whole("width"),
        _whole("height"),
        _text("mode"),
        _whole("bit_depth"),
        sa.Column("mm_per_pixel", sa.Double()),
        _json("conversions"),
        _created_at(),
        _refer(name, "groups", "group_id", "split_id"),
        _refer(name, "defect_types", "defect_type_id"),
        _refer(name, "masks", "mask_id"),
        sa.CheckConstraint(
            "(kind = 'good' AND defect_type_id IS NULL AND mask_id IS NULL)"
            " OR (kind = 'defect' AND defect_type_id IS NOT NULL)",
            name=f"ck_{name}_kind",
        ),
        _unique(name, "part_id", "id"),
        _unique(name, "sha256", "part_id", "type_key"),
        _unique(name, "part_id", "relative_path", "type_key"),
    )
    facets = ["part_id", "kind", "defect_type_id", "split_id", "has_mask", "id"]
    op.create_index("ix_source_images_facets", name, facets)


def _versions() -> None:
    name = "dataset_versions"
    _table(
        name,
        _text("kind"),
        _whole("number"),
        _sha256("manifest_sha256"),
        _json("counts"),
        _created_at(),
        _unique(name, "part_id", "id"),
        _unique(name, "part_id", "kind", "number"),
        _unique(name, "part_id", "kind", "manifest_sha256"),
    )
    op.create_index("ix_dataset_versions_manifest_sha256", name, ["manifest_sha256"])
    name = "model_versions"
    _table(
        name,
        _whole("number"),
        _text("folder"),
        _sha256("weights_sha256"),
        _text("recipe_name"),
        _sha256("recipe_sha256"),
        _json("recipe"),
        _key("dataset_version_id"),
        _text("mlflow_run_id", nullable=True),
        _key("parent_id", nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        _text("status"),
        _json("metrics"),
        _created_at(),
        _refer(name, "dataset_versions", "dataset_version_id"),
        _refer(name, "model_versions", "parent_id"),
        sa.CheckConstraint("status IN ('ready', 'failed')", name=f"ck_{name}_status"),
        _unique(name, "part_id", "id"),
        _unique(name, "part_id", "number"),
    )
    op.create_table(
        "model_aliases",
        _key("part_id"),
        _text("alias"),
        _key("model_version_id"),
        sa.PrimaryKeyConstraint("part_id", "alias", name="pk_model_aliases"),
        sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name="fk_model_aliases_part_id"),
        _refer("model_aliases", "model_versions", "model_version_id"),
    )
    op.create_index("ix_model_aliases_model_version_id", "model_aliases", ["model_version_id"])


def _samples() -> None:
    name = "samples"
    _big_table(
        name,
        _key("source_image_id"),
        _key("defect_type_id"),
        _key("model_version_id"),
        _sha256("image_sha256"),
        _sha256("mask_sha256"),
        _json("mask_origin"),
        _sha256("recipe_sha256"),
        _sha256("request_sha256"),
        _whole("position"),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        _text("solver"),
        _whole("steps"),
        _whole("attempts"),
        _json("audit"),
        _json("scores"),
        _text("latest_review", nullable=True),
        _created_at(),
        _refer(name, "source_images", "source_image_id"),
        _refer(name, "defect_types", "defect_type_id"),
        _refer(name, "model_versions", "model_version_id"),
        _unique(name, "part_id", "id"),
        _unique(name, "request_sha256", "position"),
    )
    op.create_index("ix_samples_type", name, ["part_id", "defect_type_id", "id"])
    op.create_index("ix_samples_model", name, ["part_id", "model_version_id", "id"])
    facets = ["part_id", "defect_type_id", "model_version_id", "latest_review"]
    op.create_index("ix_samples_facets", name, facets)
    op.create_index("ix_samples_image_sha256", name, ["image_sha256"])
    op.create_index("ix_samples_mask_sha256", name, ["mask_sha256"])
    _reviews_and_exports()


def _reviews_and_exports() -> None:
    op.create_table(
        "reviews",
        _key("id"),
        _key("sample_id"),
        _text("decision"),
        _text("reviewer"),
        _text("reason"),
        _created_at(),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.ForeignKeyConstraint(["sample_id"], ["samples.id"], name="fk_reviews_sample_id"),
        sa.CheckConstraint("decision IN ('ok', 'ng', 'undecided')", name="ck_reviews_decision"),
    )
    op.create_index("ix_reviews_sample_id", "reviews", ["sample_id", "id"])
    name = "exports"
    _table(
        name,
        _key("dataset_version_id"),
        _text("format"),
        _text("out_dir"),
        _sha256("manifest_sha256"),
        _sha256("tree_sha256"),
        _text("override_reason", nullable=True),
        _json("read_back"),
        _created_at(),
        _refer(name, "dataset_versions", "dataset_version_id"),
    )
    op.create_index("ix_exports_part_id", name, ["part_id", "id"])


def _freeze_dataset_versions() -> None:
    """A published version never changes, whatever program writes to the database."""
    message = "a published data set version never changes"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER dataset_versions_frozen BEFORE UPDATE ON dataset_versions "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER dataset_versions_frozen BEFORE UPDATE ON dataset_versions "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
