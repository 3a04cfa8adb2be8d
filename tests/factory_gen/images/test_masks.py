"""Mask arithmetic against brute force and known shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory_gen.images.masks import bounds, components, dilate, erode, feather, pool, warp


def disc(side: int, radius: float) -> np.ndarray:
    ys, xs = np.mgrid[0:side, 0:side] - side // 2
    return ys**2 + xs**2 <= radius**2


@pytest.mark.parametrize("radius", [0, 1, 4])
def test_a_dilated_point_is_a_disc_and_eroding_gives_the_point_back(radius: int) -> None:
    point = np.zeros((21, 21), dtype=bool)
    point[10, 10] = True
    grown = dilate(point, radius)
    assert (grown == disc(21, radius + 0.4)).mean() > 0.97
    assert (erode(grown, radius) == point).all()


def test_components_come_largest_first_and_join_diagonally() -> None:
    mask = np.zeros((10, 10), dtype=bool)
    mask[0, 0] = mask[1, 1] = mask[2, 2] = True
    mask[6:9, 6:9] = True
    parts = components(mask)
    assert [int(p.sum()) for p in parts] == [9, 3]
    assert (parts[0] | parts[1] == mask).all()
    assert bounds(parts[0]) == (6, 6, 9, 9)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0, 2.5, 6.0]))
@settings(max_examples=25, deadline=None)
def test_a_feather_lies_inside_the_mask_and_reaches_one_in_each_part(seed: int, width: float) -> None:
    mask = np.random.default_rng(seed).random((24, 24)) < 0.3
    mask[5, 5] = True
    weight = feather(mask, width)
    assert (weight[~mask] == 0).all()
    assert (weight[mask] > 0).all()
    assert float(weight.max()) == pytest.approx(1.0)


def test_a_thin_crack_keeps_its_strength_and_a_large_area_has_a_soft_edge() -> None:
    crack = np.zeros((20, 20), dtype=bool)
    crack[10] = True
    assert (feather(crack, 3.0)[10] == 1).all()
    square = np.zeros((40, 40), dtype=bool)
    square[5:35, 5:35] = True
    weight = feather(square, 3.0)
    assert weight[5, 20] < weight[6, 20] < weight[7, 20] == 1


def test_pooling_gives_shares() -> None:
    mask = np.zeros((8, 8), dtype=bool)
    mask[0:2, 0:4] = True
    assert pool(mask, 4).tolist() == [[0.5, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("seed", range(6))
def test_a_warped_mask_keeps_about_its_size_and_is_cut_to_its_bounds(seed: int) -> None:
    mask = np.zeros((60, 60), dtype=bool)
    mask[20:40, 10:50] = True
    rng = np.random.default_rng(seed)
    moved = warp(mask, rng, turn=20, scale=(0.8, 1.25), wobble=0.05)
    assert 0.4 * mask.sum() < moved.sum() < 2.2 * mask.sum()
    assert bounds(moved) == (0, 0, *moved.shape)
    again = warp(mask, np.random.default_rng(seed), turn=20, scale=(0.8, 1.25), wobble=0.05)
    assert (moved == again).all()


def test_a_single_pixel_survives_a_warp() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 4] = True
    assert warp(mask, np.random.default_rng(0), turn=45, scale=(0.3, 0.4), wobble=0.3).any()
