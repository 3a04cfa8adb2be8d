"""Windows in and out of pictures of any size, and the smooth fill of a hole."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.images.windows import cut, fill_smooth, pad_to, place, stack, to_unit, unstack


@pytest.mark.parametrize(("dtype", "depth"), [(np.uint8, 8), (np.uint16, 12), (np.uint16, 16)])
def test_every_level_survives_the_way_to_floats_and_back(dtype: type, depth: int) -> None:
    levels = np.arange(2**depth).astype(dtype)[None, :]
    unit = to_unit(levels, depth, 1)
    assert unit.shape == (1, 2**depth, 1)
    assert float(unit.min()) == -1
    assert float(unit.max()) == 1
    assert (np.rint((unit[:, :, 0] + 1) * (2**depth - 1) / 2).astype(dtype) == levels).all()


def test_channels_follow_the_model() -> None:
    grey, colour = np.full((4, 5), 100, np.uint8), np.full((4, 5, 3), 100, np.uint8)
    assert to_unit(grey, 8, 3).shape == (4, 5, 3)
    assert np.allclose(to_unit(colour, 8, 1), to_unit(grey, 8, 1))


@pytest.mark.parametrize("shape", [(5, 40), (40, 5), (1, 1), (40, 50), (7, 9, 3)])
def test_padding_mirrors_and_keeps_the_picture(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    if min(shape[:2]) == 1:
        picture = np.repeat(np.repeat(picture, 2, 0), 2, 1)
    padded = pad_to(picture, 32)
    assert min(padded.shape[:2]) >= 32
    assert (padded[: picture.shape[0], : picture.shape[1]] == picture).all()
    assert set(np.unique(padded)) <= set(np.unique(picture))


def test_padded_masks_stay_masks() -> None:
    mask = np.eye(10, dtype=bool)
    assert pad_to(mask, 16).dtype == np.bool_


@pytest.mark.parametrize(
    ("centre", "corner"), [((50, 50), (34, 34)), ((0, 0), (0, 0)), ((99, 99), (68, 68)), ((3, 97), (0, 68))]
)
def test_windows_stay_inside(centre: tuple[float, float], corner: tuple[int, int]) -> None:
    assert place(centre, 32, 100, 100) == corner
    assert cut(np.zeros((100, 100)), *corner, 32).shape == (32, 32)


def test_a_filled_hole_knows_nothing_of_what_was_in_it() -> None:
    rng = np.random.default_rng(1)
    window = (np.linspace(-0.5, 0.5, 64)[None, :, None] + rng.normal(0, 0.02, (64, 64, 1))).astype(np.float32)
    hole = np.zeros((64, 64), dtype=bool)
    hole[20:44, 20:44] = True
    first = fill_smooth(window, hole)
    spoiled = window.copy()
    spoiled[hole] = 9.0
    assert (fill_smooth(spoiled, hole) == first).all()
    assert (first[~hole] == window[~hole]).all()
    # A ramp is continued as a ramp, so the fill is near the truth and within the range around it.
    assert np.abs(first - window)[hole].max() < 0.2


def test_a_window_that_is_all_hole_is_mid_grey() -> None:
    assert (fill_smooth(np.ones((8, 8, 1), np.float32), np.ones((8, 8), dtype=bool)) == 0).all()


def test_stack_and_unstack_are_inverse() -> None:
    windows = [np.random.default_rng(i).random((4, 6, 3)).astype(np.float32) for i in range(2)]
    assert (unstack(stack(windows)) == np.stack(windows)).all()
