"""A trimmed mask ends where the change ends: across an edge of a flat part, and not at a speck."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.composite.trim import changed_part
from factory_gen.errors import UsageError


def board() -> tuple[np.ndarray, np.ndarray]:
    """A picture black to the left of column 20, white to its right, and a mask across the edge."""
    source = np.zeros((40, 40), np.uint8)
    source[:, 20:] = 255
    mask = np.zeros((40, 40), bool)
    mask[15:25, 10:30] = True
    return source, mask


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_has_the_colour_already_is_cut_off(colour: int, channels: int) -> None:
    source, mask = board()
    result = np.where(mask, np.uint8(colour), source)
    expected = mask & (source != colour)
    if channels == 3:
        source, result = (np.stack([one, one // 2, one], axis=2) for one in (source, result))
    found = changed_part(source, result, mask)
    assert not (found & ~mask).any()
    # The smoothing may shift the edge by a pixel.
    assert found[expected].all() and (found & ~expected).sum() <= 10


def test_a_mask_that_changed_evenly_stays_whole() -> None:
    source, mask = board()
    source[:] = 100
    assert (changed_part(source, np.where(mask, np.uint8(140), source), mask) == mask).all()


def test_a_weak_rest_and_a_speck_are_cut_off() -> None:
    source, mask = np.full((40, 60), 100, np.uint8), np.zeros((40, 60), bool)
    mask[10:30, 5:55] = True
    result = source.copy()
    result[10:30, 5:30] = 200
    result[10:30, 30:55] = 110
    result[20:22, 45:47] = 200
    found = changed_part(source, result, mask)
    assert found[10:30, 5:29].all()
    assert not found[:, 33:].any()


def test_nothing_changed_leaves_the_mask() -> None:
    source, mask = board()
    assert (changed_part(source, source.copy(), mask) == mask).all()


def test_a_mask_of_another_size_is_refused() -> None:
    source, mask = board()
    with pytest.raises(UsageError):
        changed_part(source, source, mask[:10])
