"""What goes into an export is checked when it is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from factory_gen.errors import FactoryGenError, IntegrityError, UsageError
from factory_gen.export.item import ExportItem, GoodImage, mask_digest, png_size
from factory_gen.images.files import encode_png
from tests.factory_gen.export.drawn_items import MASKS, good, item


def _fields(one: object) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "../x"}, UsageError),
        ({"name": ""}, UsageError),
        ({"name": "-rf"}, UsageError),
        ({"defect_type": "fray"}, UsageError),
        ({"lineage": {"defect_type": "crack"}}, UsageError),
        ({"image_png": b"JFIF" * 20}, IntegrityError),
        ({"image_png": b"\x89PNG\r\n\x1a\n"}, IntegrityError),
        ({"image_png": encode_png(np.zeros((53, 37), np.uint8))}, IntegrityError),
        ({"mask": MASKS["hole"].astype(np.uint8)}, IntegrityError),
        ({"mask": MASKS["hole"].T}, IntegrityError),
        ({"mask": np.zeros((37, 53), np.bool_)}, IntegrityError),
    ],
)
def test_a_sample_that_is_off_is_refused(change: dict[str, Any], error: type[FactoryGenError]) -> None:
    with pytest.raises(error):
        ExportItem(**(_fields(item()) | change))


def test_the_lineage_must_be_complete() -> None:
    lineage = dict(item().lineage)
    del lineage["seed"], lineage["audit"]
    with pytest.raises(UsageError, match="crack_000000 without seed, audit"):
        ExportItem(**(_fields(item()) | {"lineage": lineage}))


@pytest.mark.parametrize(
    "change", [{"suffix": "png"}, {"suffix": ".PNG"}, {"suffix": "./x"}, {"name": "a/b"}]
)
def test_a_good_picture_cannot_leave_its_folder(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        GoodImage(**(_fields(good()) | change))


def test_png_size_is_height_then_width() -> None:
    assert png_size(encode_png(np.zeros((5, 9, 3), np.uint16)), "x") == (5, 9)


def test_equal_digests_mean_equal_masks() -> None:
    digests = {mask_digest(mask) for mask in MASKS.values()}
    assert len(digests) == len(MASKS)
    assert mask_digest(np.ones((2, 8), np.bool_)) != mask_digest(np.ones((8, 2), np.bool_))
    assert mask_digest(MASKS["hole"]) == mask_digest(np.asfortranarray(MASKS["hole"]))
