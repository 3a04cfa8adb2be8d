"""The tables, as typed SQLAlchemy classes. Nothing outside this package sees these objects.

Rules that the tables themselves keep, whatever program writes to them:

- A picture's split is its group's split: (group_id, split_id) refers to the group's own pair, so
  a group cannot stand on both sides of the hold-out.
- The same bytes are one picture of a part, with one row for each defect type that it shows: they
  are unique together with (part_id, type_key), and so is their path.
- Every reference stays inside one part: foreign keys carry part_id along. (So the two big tables
  need no reference to the part itself, which would be one more check per row.)
- A generate request has one sample per position: (request_sha256, position) is unique.
- A published data set version never changes (a trigger made in the first migration).

`(part_id, id)` is unique in the big tables: it is the target of those references and the index of
the pages at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from data_registry.columns import Base, Key, Sha256


class Part(Base):
    """One kind of part that the plant makes."""

    __tablename__ = "parts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    source_root: Mapped[str]
    mm_per_pixel: Mapped[float | None]
    allowed_region_sha256: Mapped[str | None] = mapped_column(Sha256)
    created_at: Mapped[datetime]


class DefectType(Base):
    """One kind of defect of a part."""

    __tablename__ = "defect_types"
    __table_args__ = (UniqueConstraint("part_id", "id"), UniqueConstraint("part_id", "name"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    name: Mapped[str]


class Split(Base):
    """One side of a part's hold-out."""

    __tablename__ = "splits"
    __table_args__ = (UniqueConstraint("part_id", "id"), UniqueConstraint("part_id", "name"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    name: Mapped[str]
    created_at: Mapped[datetime]


class Group(Base):
    """Pictures of one physical part or lot; the unit that the split deals out."""

    __tablename__ = "groups"
    __table_args__ = (
        UniqueConstraint("part_id", "name"),
        UniqueConstraint("part_id", "id", "split_id"),
        ForeignKeyConstraint(["part_id", "split_id"], ["splits.part_id", "splits.id"]),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    split_id: Mapped[int] = mapped_column(Key)
    name: Mapped[str]


class Mask(Base):
    """One mask's bytes and where they came from; equal masks of a part share a row."""

    __tablename__ = "masks"
    __table_args__ = (UniqueConstraint("part_id", "id"), UniqueConstraint("sha256", "part_id", "origin"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    sha256: Mapped[str] = mapped_column(Sha256)
    origin: Mapped[str]


class SourceImage(Base):
    """One picture of the plant."""

    __tablename__ = "source_images"
    __table_args__ = (
        UniqueConstraint("part_id", "id"),
        UniqueConstraint("sha256", "part_id", "type_key"),
        UniqueConstraint("part_id", "relative_path", "type_key"),
        ForeignKeyConstraint(
            ["part_id", "group_id", "split_id"], ["groups.part_id", "groups.id", "groups.split_id"]
        ),
        ForeignKeyConstraint(["part_id", "defect_type_id"], ["defect_types.part_id", "defect_types.id"]),
        ForeignKeyConstraint(["part_id", "mask_id"], ["masks.part_id", "masks.id"]),
        CheckConstraint(
            "(kind = 'good' AND defect_type_id IS NULL AND mask_id IS NULL)"
            " OR (kind = 'defect' AND defect_type_id IS NOT NULL)",
            name="kind",
        ),
        # Each combination of filters is a stretch of this index in the order of the pages.
        Index("ix_source_images_facets", "part_id", "kind", "defect_type_id", "split_id", "has_mask", "id"),
        Index("ix_source_images_group_id", "group_id"),
        Index("ix_source_images_mask_id", "mask_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(Key)
    group_id: Mapped[int] = mapped_column(Key)
    split_id: Mapped[int] = mapped_column(Key)
    kind: Mapped[str]
    defect_type_id: Mapped[int | None] = mapped_column(Key)
    mask_id: Mapped[int | None] = mapped_column(Key)
    has_mask: Mapped[bool] = mapped_column(Computed("mask_id IS NOT NULL", persisted=True))
    # 0 for a good picture: empty types would all count as different in a unique constraint
    type_key: Mapped[int] = mapped_column(Key, Computed("coalesce(defect_type_id, 0)", persisted=True))
    relative_path: Mapped[str]
    sha256: Mapped[str] = mapped_column(Sha256)
    width: Mapped[int]
    height: Mapped[int]
    mode: Mapped[str]
    bit_depth: Mapped[int]
    mm_per_pixel: Mapped[float | None]
    conversions: Mapped[list[str]]
    created_at: Mapped[datetime]


class DatasetVersion(Base):
    """A frozen list of members, kept as a blob."""

    __tablename__ = "dataset_versions"
    __table_args__ = (
        UniqueConstraint("part_id", "id"),
        UniqueConstraint("part_id", "kind", "number"),
        UniqueConstraint("part_id", "kind", "manifest_sha256"),
        Index("ix_dataset_versions_manifest_sha256", "manifest_sha256"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    kind: Mapped[str]
    number: Mapped[int]
    manifest_sha256: Mapped[str] = mapped_column(Sha256)
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ModelVersion(Base):
    """One trained model and what it was trained from."""

    __tablename__ = "model_versions"
    __table_args__ = (
        UniqueConstraint("part_id", "id"),
        UniqueConstraint("part_id", "number"),
        ForeignKeyConstraint(
            ["part_id", "dataset_version_id"], ["dataset_versions.part_id", "dataset_versions.id"]
        ),
        ForeignKeyConstraint(["part_id", "parent_id"], ["model_versions.part_id", "model_versions.id"]),
        CheckConstraint("status IN ('ready', 'failed')", name="status"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    number: Mapped[int]
    folder: Mapped[str]
    weights_sha256: Mapped[str] = mapped_column(Sha256)
    recipe_name: Mapped[str]
    recipe_sha256: Mapped[str] = mapped_column(Sha256)
    recipe: Mapped[dict[str, Any]]
    dataset_version_id: Mapped[int] = mapped_column(Key)
    mlflow_run_id: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(Key)
    seed: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ModelAlias(Base):
    """A name that points at one model version of a part, such as "champion"."""

    __tablename__ = "model_aliases"
    __table_args__ = (
        ForeignKeyConstraint(
            ["part_id", "model_version_id"], ["model_versions.part_id", "model_versions.id"]
        ),
        Index("ix_model_aliases_model_version_id", "model_version_id"),
    )

    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    model_version_id: Mapped[int] = mapped_column(Key)


class Sample(Base):
    """One generated picture with its lineage."""

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("part_id", "id"),
        UniqueConstraint("request_sha256", "position"),
        ForeignKeyConstraint(["part_id", "source_image_id"], ["source_images.part_id", "source_images.id"]),
        ForeignKeyConstraint(["part_id", "defect_type_id"], ["defect_types.part_id", "defect_types.id"]),
        ForeignKeyConstraint(
            ["part_id", "model_version_id"], ["model_versions.part_id", "model_versions.id"]
        ),
        Index("ix_samples_type", "part_id", "defect_type_id", "id"),
        Index("ix_samples_model", "part_id", "model_version_id", "id"),
        Index("ix_samples_facets", "part_id", "defect_type_id", "model_version_id", "latest_review"),
        Index("ix_samples_image_sha256", "image_sha256"),
        Index("ix_samples_mask_sha256", "mask_sha256"),
        Index("ix_samples_source_image_id", "source_image_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(Key)
    source_image_id: Mapped[int] = mapped_column(Key)
    defect_type_id: Mapped[int] = mapped_column(Key)
    model_version_id: Mapped[int] = mapped_column(Key)
    image_sha256: Mapped[str] = mapped_column(Sha256)
    mask_sha256: Mapped[str] = mapped_column(Sha256)
    mask_origin: Mapped[dict[str, Any]]
    recipe_sha256: Mapped[str] = mapped_column(Sha256)
    request_sha256: Mapped[str] = mapped_column(Sha256)
    position: Mapped[int]
    seed: Mapped[int] = mapped_column(BigInteger)
    solver: Mapped[str]
    steps: Mapped[int]
    attempts: Mapped[int]
    audit: Mapped[dict[str, Any]]
    scores: Mapped[dict[str, Any]]
    latest_review: Mapped[str | None]
    created_at: Mapped[datetime]


class Review(Base):
    """One decision on one sample or, as a control, on one picture of the plant; added, never changed."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("decision IN ('ok', 'ng', 'undecided')", name="decision"),
        CheckConstraint("(sample_id IS NULL) <> (source_image_id IS NULL)", name="subject"),
        Index("ix_reviews_sample_id", "sample_id", "id"),
        Index("ix_reviews_source_image_id", "source_image_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    sample_id: Mapped[int | None] = mapped_column(ForeignKey("samples.id"))
    source_image_id: Mapped[int | None] = mapped_column(ForeignKey("source_images.id"))
    session: Mapped[str | None]
    decision: Mapped[str]
    reviewer: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class Export(Base):
    """One folder that was handed out."""

    __tablename__ = "exports"
    __table_args__ = (
        ForeignKeyConstraint(
            ["part_id", "dataset_version_id"], ["dataset_versions.part_id", "dataset_versions.id"]
        ),
        Index("ix_exports_part_id", "part_id", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    dataset_version_id: Mapped[int] = mapped_column(Key)
    format: Mapped[str]
    out_dir: Mapped[str]
    manifest_sha256: Mapped[str] = mapped_column(Sha256)
    tree_sha256: Mapped[str] = mapped_column(Sha256)
    override_reason: Mapped[str | None]
    read_back: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
