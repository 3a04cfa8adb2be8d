"""Outlines against what pycocotools and OpenCV paint from them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from factory_gen.export.outlines import edge_outlines, pixel_outlines
from tests.factory_gen.export.drawn_items import MASKS, rectangle


def paint_edges(mask: np.ndarray) -> np.ndarray:
    """What pycocotools makes of outlines along pixel edges."""
    flat = [outline.reshape(-1).tolist() for outline in edge_outlines(mask)]
    runs = coco_mask.merge(coco_mask.frPyObjects(flat, *mask.shape))
    return np.isin(np.arange(mask.size).reshape(mask.shape[::-1]).T, _set_positions(runs))


def _set_positions(runs: dict[str, bytes]) -> np.ndarray:
    """Column-wise positions of the set pixels: decoded by hand, apart from pycocotools' own decoder."""
    counts, position, at = [], 0, 0
    text = runs["counts"]
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            letter = text[at] - 48
            value |= (letter & 31) << (5 * shift)
            more, at, shift = bool(letter & 32), at + 1, shift + 1
            if not more and letter & 16:
                value |= -1 << (5 * shift)
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    pieces = []
    for number, count in enumerate(counts):
        if number % 2:
            pieces.append(np.arange(position, position + count))
        position += count
    return np.concatenate(pieces)


def paint_pixels(mask: np.ndarray) -> np.ndarray:
    """What `cv2.fillPoly` makes of outlines through pixel centres."""
    union = np.zeros(mask.shape, np.uint8)
    for outline in pixel_outlines(mask):
        one = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(one, [outline.astype(np.int32)], 1)
        union |= one
    return union > 0


both = pytest.mark.parametrize("paint", [paint_edges, paint_pixels])


@both
@pytest.mark.parametrize("shape", MASKS)
def test_every_shape_is_painted_again_exactly(paint: Callable[[np.ndarray], np.ndarray], shape: str) -> None:
    np.testing.assert_array_equal(paint(MASKS[shape]), MASKS[shape])


@both
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    share=st.floats(0.1, 0.95),
)
def test_any_mask_is_painted_again_exactly(
    paint: Callable[[np.ndarray], np.ndarray], seed: int, height: int, width: int, share: float
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    mask[height // 2, width // 2] = True
    np.testing.assert_array_equal(paint(mask), mask)


@pytest.mark.parametrize("outlines", [edge_outlines, pixel_outlines])
@pytest.mark.parametrize(
    ("shape", "parts"),
    [("several_parts", 3), ("corner_touch", 1), ("island_in_hole", 2), ("diagonal_crack", 1)],
)
def test_one_outline_for_each_part(
    outlines: Callable[[np.ndarray], list[np.ndarray]], shape: str, parts: int
) -> None:
    assert len(outlines(MASKS[shape])) == parts


def test_straight_runs_keep_their_ends_only() -> None:
    (edges,), (pixels,) = edge_outlines(rectangle(2, 3, 30, 40)), pixel_outlines(rectangle(2, 3, 30, 40))
    assert {tuple(point) for point in edges.tolist()} == {(3, 2), (40, 2), (40, 30), (3, 30)}
    assert {tuple(point) for point in pixels.tolist()} == {(3, 2), (39, 2), (39, 29), (3, 29)}


def test_parts_that_touch_at_a_corner_are_walked_in_one_round() -> None:
    (outline,) = edge_outlines(MASKS["corner_touch"])
    walk = [(5, 5), (10, 5), (10, 10), (15, 10), (15, 15), (10, 15), (10, 10), (5, 10)]
    assert [tuple(point) for point in outline.tolist()] == walk
