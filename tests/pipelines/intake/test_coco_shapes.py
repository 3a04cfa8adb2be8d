"""COCO shapes become the masks that COCO's own tools draw, and bad ones are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from factory_gen.images.refused import ImageRefused
from pipelines.intake.coco_shapes import shape_mask
from tests.drawn_files import blob_mask
from tests.drawn_folders import runs, square

SIZE = (40, 48)


def test_a_polygon_covers_its_pixels() -> None:
    np.testing.assert_array_equal(shape_mask(square(12, 10, 6), SIZE, "a"), blob_mask(SIZE, (10, 12), 6))


def test_several_polygons_are_joined_and_a_rim_of_a_pixel_is_cut() -> None:
    joined = shape_mask(square(-1, -1, 5) + square(44, 36, 5), SIZE, "a")
    np.testing.assert_array_equal(joined, blob_mask(SIZE, (0, 0), 4) | blob_mask(SIZE, (36, 44), 4))


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_both_kinds_of_run_lengths_give_the_mask_back(mask: np.ndarray) -> None:
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    text = {"size": list(mask.shape), "counts": packed["counts"].decode()}
    for coded in (runs(mask), text):
        np.testing.assert_array_equal(shape_mask(coded, mask.shape, "a"), mask)


BAD = {
    "no shape": ([], "bad-polygon"),
    "text": ("square", "bad-polygon"),
    "two points": ([[1, 1, 5, 5]], "bad-polygon"),
    "odd count": ([[1, 1, 5, 5, 9, 1, 3]], "bad-polygon"),
    "nan": ([[1, 1, 5, float("nan"), 9, 1]], "bad-polygon"),
    "infinite": ([[1, 1, 5, float("inf"), 9, 1]], "bad-polygon"),
    "outside": ([[1, 1, 60, 5, 9, 9]], "bad-polygon"),
    "crossing": ([[1, 1, 20, 20, 20, 1, 1, 20]], "bad-polygon"),
    "text inside": ([[1, 1, 20, "20", 20, 1]], "bad-polygon"),
    "endless": ([[1.0, 1.0] * 10_001], "bad-polygon"),
    "rle of another size": ({"size": [48, 40], "counts": [1920]}, "bad-rle"),
    "rle too short": ({"size": [40, 48], "counts": [10, 20]}, "bad-rle"),
    "rle negative": ({"size": [40, 48], "counts": [-10, 1930]}, "bad-rle"),
    "rle of fractions": ({"size": [40, 48], "counts": [0.5, 1919.5]}, "bad-rle"),
    "rle without counts": ({"size": [40, 48]}, "bad-rle"),
    "packed rle cut": ({"size": [40, 48], "counts": "o"}, "bad-rle"),
    "packed rle of rubbish": ({"size": [40, 48], "counts": "\u00ff\u00ff"}, "bad-rle"),
    "packed rle endless": ({"size": [40, 48], "counts": "o" * 40}, "bad-rle"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_shapes_are_refused(case: str) -> None:
    shape: Any
    shape, reason = BAD[case]
    with pytest.raises(ImageRefused) as caught:
        shape_mask(shape, SIZE, "part 7.png")
    assert caught.value.reason == reason
    assert "part 7.png" in caught.value.found


def test_an_outline_that_touches_itself_is_fine() -> None:
    # a spike: out and back along one line
    assert shape_mask([[5, 5, 20, 5, 20, 20, 30, 20, 20, 20, 5, 20]], SIZE, "a").sum() > 200
