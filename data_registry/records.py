"""The frozen records that leave the registry: what other rooms see instead of database rows.

`New...` records go in, `...Record` records come out. A record that goes in is checked when it is
made, so a contradiction is refused where it arises and not thousands of rows later.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from data_registry.errors import BadRecord

KINDS = ("good", "defect")
SPLITS = ("generator", "holdout")
MASK_ORIGINS = ("file", "coco", "drawn")
MODES = ("L", "RGB")
VERSION_KINDS = ("catalogue", "synthetic")
MODEL_STATUSES = ("ready", "failed")
DECISIONS = ("ok", "ng", "undecided")

_HEX = frozenset(string.hexdigits.lower())


def require(fits: bool, what: str, expected: str, found: object) -> None:
    """Refuse a record whose value does not fit.

    Raises:
        BadRecord: when `fits` is false; `what` names the value.
    """
    if not fits:
        raise BadRecord(
            expected=f"{what} to be {expected}",
            found=repr(found),
            action="Nothing was stored. This is a fault of the program or of a hand-written file.",
        )


def require_sha256(what: str, value: str) -> None:
    """Refuse anything but 64 lower-case hexadecimal digits.

    Raises:
        BadRecord: otherwise; `what` names the value.
    """
    require(len(value) == 64 and _HEX.issuperset(value), what, "64 lower-case hexadecimal digits", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecord:
    """One kind of part that the plant makes; `created_at` is UTC, `mm_per_pixel` in millimetres."""

    id: int
    name: str
    source_root: str
    created_at: datetime
    mm_per_pixel: float | None = None
    allowed_region_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """One picture of the plant, on its way in.

    Attributes:
        relative_path: path below the ingested folder, with forward slashes.
        sha256: hash of the original file's bytes.
        kind: "good" or "defect".
        defect_type: the type's name for a defect, None for a good picture.
        mask_sha256: hash of the stored mask, None when the mask is still wanted.
        mask_origin: "file", "coco" or "drawn"; None without a mask.
        width, height: in pixels, as decoded (after an EXIF turn).
        mode: "L" or "RGB".
        bit_depth: 8 to 16, the depth that was recorded (12 bits in 16 stay 12).
        group: name of the physical part or lot that the picture shows.
        split: "generator" or "holdout".
        mm_per_pixel: millimetres per pixel if known.
        conversions: what the reader changed, in order.

    Raises:
        BadRecord: on creation, when the values contradict each other.
    """

    relative_path: str
    sha256: str
    kind: str
    width: int
    height: int
    mode: str
    group: str
    split: str
    defect_type: str | None = None
    mask_sha256: str | None = None
    mask_origin: str | None = None
    bit_depth: int = 8
    mm_per_pixel: float | None = None
    conversions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(bool(self.relative_path), "relative_path", "a path", self.relative_path)
        require_sha256("sha256", self.sha256)
        require(self.kind in KINDS, "kind", f"one of {KINDS}", self.kind)
        require(
            bool(self.defect_type) == (self.kind == "defect"),
            "defect_type",
            "a name for a defect and None for a good picture",
            (self.kind, self.defect_type),
        )
        if self.mask_sha256 is not None:
            require(self.kind == "defect", "mask_sha256", "None on a good picture", self.mask_sha256)
            require_sha256("mask_sha256", self.mask_sha256)
            require(
                self.mask_origin in MASK_ORIGINS, "mask_origin", f"one of {MASK_ORIGINS}", self.mask_origin
            )
        else:
            require(self.mask_origin is None, "mask_origin", "None without a mask", self.mask_origin)
        require(self.width > 0 and self.height > 0, "width, height", "positive", (self.width, self.height))
        require(self.mode in MODES, "mode", f"one of {MODES}", self.mode)
        require(8 <= self.bit_depth <= 16, "bit_depth", "8 to 16", self.bit_depth)
        require(bool(self.group), "group", "a name", self.group)
        require(self.split in SPLITS, "split", f"one of {SPLITS}", self.split)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImageRecord(NewImage):
    """One picture of the plant as stored: the facts of `NewImage` with its keys; UTC time."""

    id: int
    part_id: int
    created_at: datetime

    def __post_init__(self) -> None:
        """Nothing to check: the row was checked on its way in and by the tables' own rules."""


class ImageCount(NamedTuple):
    """How many pictures share these properties."""

    kind: str
    defect_type: str | None
    split: str
    has_mask: bool
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersionRecord:
    """A frozen list of members; `manifest_sha256` names the JSONL blob that lists them."""

    id: int
    part_id: int
    number: int
    kind: str
    manifest_sha256: str
    counts: dict[str, int]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersionRecord:
    """One trained model; `folder` is relative to the models folder."""

    id: int
    part_id: int
    number: int
    folder: str
    weights_sha256: str
    recipe_name: str
    recipe_sha256: str
    recipe: dict[str, Any]
    dataset_version_id: int
    mlflow_run_id: str | None
    parent_id: int | None
    seed: int
    status: str
    metrics: dict[str, float]
    created_at: datetime
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSample:
    """One generated picture on its way in, with all that is needed to make it again.

    Attributes:
        source_image_id: the plant's picture that was painted on.
        image_sha256, mask_sha256: hashes of the stored result and of its mask.
        mask_origin: where the mask came from, JSON-able.
        request_sha256: hash of one generate request; with `index` it names the sample.
        index: position in the request, from 0.
        seed, solver, steps: how it was drawn; `attempts` is 1 when the first draw passed.
        audit: figures of the audit, JSON-able.
        scores: further figures by name.

    Raises:
        BadRecord: on creation, when a value is outside its set.
    """

    source_image_id: int
    image_sha256: str
    mask_sha256: str
    defect_type: str
    mask_origin: dict[str, Any]
    model_version_id: int
    recipe_sha256: str
    request_sha256: str
    index: int
    seed: int
    solver: str
    steps: int
    attempts: int
    audit: dict[str, Any]
    scores: dict[str, float]

    def __post_init__(self) -> None:
        for name in ("image_sha256", "mask_sha256", "recipe_sha256", "request_sha256"):
            require_sha256(name, getattr(self, name))
        require(bool(self.defect_type), "defect_type", "a name", self.defect_type)
        require(self.index >= 0, "index", "0 or more", self.index)
        require(self.steps >= 1, "steps", "1 or more", self.steps)
        require(self.attempts >= 1, "attempts", "1 or more", self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord(NewSample):
    """One generated picture as stored; `latest_review` is the last decision, None before any."""

    id: int
    part_id: int
    created_at: datetime
    latest_review: str | None = None

    def __post_init__(self) -> None:
        """Nothing to check: the row was checked on its way in."""


class SampleCount(NamedTuple):
    """How many samples share these properties; `latest_review` is None before any decision."""

    defect_type: str
    model_version_id: int
    latest_review: str | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """One decision of one person; decisions are added, never changed.

    It is on a sample or, as a blind control, on a picture of the plant: one of `sample_id` and
    `source_image_id` is None. `session` names a blind session, None for an open review.
    """

    id: int
    sample_id: int | None
    decision: str
    reviewer: str
    reason: str
    created_at: datetime
    source_image_id: int | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """One folder that was handed out, with the proof that it was read back."""

    id: int
    part_id: int
    dataset_version_id: int
    format: str
    out_dir: str
    manifest_sha256: str
    tree_sha256: str
    override_reason: str | None
    read_back: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that `verify` found wrong: `table` and `key` say where, `action` what to do."""

    kind: str
    table: str
    key: str
    detail: str
    action: str
