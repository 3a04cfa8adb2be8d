from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from typing import Any

import pytest

from data_registry.errors import BadRecord
from data_registry.records import NewImage, NewSample, SampleRecord, SourceImageRecord
from tests.data_registry.rows import defect, good, sha


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        ("relative_path", {"relative_path": ""}),
        ("sha256", {"sha256": "abc"}),
        ("sha256", {"sha256": "G" * 64}),
        ("sha256", {"sha256": "A" * 64}),
        ("kind", {"kind": "maybe"}),
        ("defect_type", {"defect_type": "crack"}),
        ("mask_sha256", {"mask_sha256": sha("m"), "mask_origin": "file"}),
        ("mask_origin", {"mask_origin": "file"}),
        ("width, height", {"width": 0}),
        ("width, height", {"height": -1}),
        ("mode", {"mode": "CMYK"}),
        ("bit_depth", {"bit_depth": 1}),
        ("bit_depth", {"bit_depth": 32}),
        ("group", {"group": ""}),
        ("split", {"split": "test"}),
    ],
)
def test_a_good_picture_that_contradicts_itself_is_refused(value: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecord) as refusal:
        good(**changes)
    assert refusal.value.expected.startswith(value)


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        ("defect_type", {"defect_type": None}),
        ("defect_type", {"defect_type": ""}),
        ("mask_sha256", {"mask_sha256": "abc"}),
        ("mask_origin", {"mask_origin": "guessed"}),
        ("mask_origin", {"mask_origin": None}),
        ("mask_origin", {"mask_sha256": None}),
    ],
)
def test_a_defect_that_contradicts_itself_is_refused(value: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecord) as refusal:
        defect(**changes)
    assert refusal.value.expected.startswith(value)


def test_a_defect_may_still_want_its_mask() -> None:
    image = defect(mask_sha256=None, mask_origin=None)
    assert image.defect_type == "crack"
    assert image.mask_sha256 is None


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        ("image_sha256", {"image_sha256": ""}),
        ("mask_sha256", {"mask_sha256": "x"}),
        ("recipe_sha256", {"recipe_sha256": "x"}),
        ("request_sha256", {"request_sha256": "x"}),
        ("defect_type", {"defect_type": ""}),
        ("index", {"index": -1}),
        ("steps", {"steps": 0}),
        ("attempts", {"attempts": 0}),
    ],
)
def test_a_sample_outside_its_ranges_is_refused(value: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecord) as refusal:
        NewSample(**_sample_facts() | changes)
    assert refusal.value.expected.startswith(value)


def test_stored_records_hold_all_that_went_in() -> None:
    assert {field.name for field in fields(NewImage)} < {field.name for field in fields(SourceImageRecord)}
    assert {field.name for field in fields(NewSample)} < {field.name for field in fields(SampleRecord)}


def test_records_cannot_be_changed() -> None:
    record = SampleRecord(**_sample_facts(), id=1, part_id=1, created_at=datetime.now(UTC))
    with pytest.raises(FrozenInstanceError):
        record.seed = 8  # type: ignore[misc]


def _sample_facts() -> dict[str, Any]:
    return {
        "source_image_id": 1,
        "image_sha256": sha("i"),
        "mask_sha256": sha("m"),
        "defect_type": "crack",
        "mask_origin": {},
        "model_version_id": 1,
        "recipe_sha256": sha("r"),
        "request_sha256": sha("q"),
        "index": 0,
        "seed": 7,
        "solver": "heun",
        "steps": 4,
        "attempts": 1,
        "audit": {},
        "scores": {},
    }
