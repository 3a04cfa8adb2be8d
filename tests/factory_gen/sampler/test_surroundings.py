"""Sectors point where they should, mirror with the mask, and tell structure; placement finds what a type lives on."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.images.masks import bounds
from factory_gen.sampler.placement import RealMask, learn_placement, place_mask, real_masks
from factory_gen.sampler.surroundings import (
    REACH,
    SECTORS,
    Surroundings,
    level_map,
    look_around,
    look_roughly,
    pieces,
    sector_map,
)

SIZE = (240, 260)
ALL = np.ones(SIZE, dtype=bool)


def board(step: int = 60, width: int = 14) -> np.ndarray:
    """Bright upright traces on a dark board, with grain."""
    columns = (np.arange(SIZE[1]) % step) < width
    grey = np.where(columns[None, :], 200, 40) + np.random.default_rng(4).normal(0, 4, SIZE)
    return np.clip(grey, 0, 255).astype(np.uint8)


def box(top: int, left: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def around(pixels: np.ndarray, mask: np.ndarray) -> Surroundings:
    top, left, bottom, right = bounds(mask)
    return look_around(level_map(pixels, ALL), sector_map(mask[top:bottom, left:right]), top, left)


def half(dark: str) -> np.ndarray:
    """A picture whose half is dark."""
    grey = np.full(SIZE, 200, dtype=np.uint8)
    area = {"left": np.s_[:, :130], "right": np.s_[:, 130:], "top": np.s_[:120], "bottom": np.s_[120:]}[dark]
    grey[area] = 40
    return grey


@pytest.mark.parametrize(
    ("dark", "sectors"), [("right", [0, 7]), ("bottom", [1, 2]), ("left", [3, 4]), ("top", [5, 6])]
)
def test_sectors_point_where_they_should(dark: str, sectors: list[int]) -> None:
    found = around(half(dark), box(116, 126, 8, 8)).sectors[:SECTORS]
    assert set(np.argsort(found)[:2]) <= {
        *sectors,
        *((s + 1) % 8 for s in sectors),
        *((s - 1) % 8 for s in sectors),
    }
    assert found[sectors].mean() < -0.6
    assert found[[(s + 4) % 8 for s in sectors]].mean() > 0.6


@pytest.mark.parametrize("mirror", [(True, False), (False, True), (True, True)])
def test_mirroring_is_that_of_the_picture(mirror: tuple[bool, bool]) -> None:
    pixels = (np.add.outer(np.arange(SIZE[0]), 0.6 * np.arange(SIZE[1])) / 2).astype(np.uint8)
    mask = box(110, 120, 12, 14)
    flip = np.s_[:: -1 if mirror[1] else 1, :: -1 if mirror[0] else 1]
    turned = around(pixels[flip], mask[flip])
    assert np.allclose(around(pixels, mask).mirrored(*mirror).sectors, turned.sectors, atol=0.05)


def test_ends_of_a_long_mask_have_sectors_of_their_own() -> None:
    sectors = sector_map(np.ones((4, 60), dtype=bool))
    row = REACH + 1
    assert {int(n) for n in sectors[row, 1 : REACH - 3]} <= {3, 4, 11, 12, 17}
    assert {int(n) for n in sectors[row, -REACH + 4 :]} <= {0, 7, 8, 15, 17}
    counts = np.bincount(sectors.ravel(), minlength=18)[:SECTORS]
    assert counts.min() > 4


def test_at_the_pictures_end_sectors_are_unknown_and_left_out() -> None:
    found = around(board(), box(0, 100, 6, 6))
    assert np.isnan(found.sectors).any()
    assert np.isfinite(found.sectors).any()
    assert found.distances(found.sectors[None], np.array([-found.inside]))[0] < np.inf


def test_a_rough_look_is_near_the_exact_one() -> None:
    levels, sectors = level_map(half("left"), ALL), sector_map(np.ones((9, 9), dtype=bool))
    spots = np.array([[50, 40], [60, 200], [100, 124]])
    rough, inside = look_roughly(levels, sectors, spots, np.random.default_rng(0))
    for row, (top, left) in enumerate(spots):
        exact = look_around(levels, sectors, int(top), int(left))
        assert np.abs(rough[row] - exact.sectors).mean() < 0.25
        assert abs(inside[row] - exact.inside) < 0.6


def test_a_place_where_nothing_would_change_is_dear() -> None:
    real = Surroundings(np.full(16, -1.0, dtype=np.float32), 1.0)
    sectors = np.stack([real.sectors, real.sectors])
    same, other = real.distances(sectors, np.array([1.0, -1.0]))
    assert other == 0
    assert same > 3


def test_parts_of_a_mask_that_lie_apart_are_defects_of_their_own() -> None:
    mask = box(10, 10, 5, 5) | box(10, 18, 5, 5) | box(150, 200, 8, 8)
    found = pieces(mask, 24)
    assert sorted(int(piece.sum()) for piece in found) == [50, 64]
    assert (np.logical_or.reduce(found) == mask).all()
    assert len(real_masks("a", board(), mask, ALL)) == 2


def open_traces() -> tuple[np.ndarray, list[RealMask]]:
    """A board with gaps in its bright traces, and what is learned from them."""
    pixels = board()
    mask = np.zeros(SIZE, dtype=bool)
    for top, left in ((50, 60), (120, 120), (180, 180)):
        mask |= box(top, left, 12, 14)
    rng = np.random.default_rng(1)
    pixels[mask] = np.clip(40 + rng.normal(0, 4, int(mask.sum())), 0, 255).astype(np.uint8)
    return pixels, real_masks("a", pixels, mask, ALL)


def specks() -> tuple[np.ndarray, list[RealMask]]:
    """A board with bright specks between its traces."""
    pixels = board()
    mask = box(40, 30, 10, 10) | box(160, 92, 10, 10)
    pixels[mask] = 200
    return pixels, real_masks("a", pixels, mask, ALL)


@pytest.mark.parametrize(("make", "on_trace"), [(open_traces, True), (specks, False)])
def test_placement_learns_what_a_type_lives_on(make: object, on_trace: bool) -> None:
    _, reals = make()  # type: ignore[operator]
    # Another board: its traces lie elsewhere, so places alone do not help.
    good = np.roll(board(), 23, axis=1)
    learned = learn_placement(reals)
    shares, blind = [], []
    for seed in range(30):
        for pixels, into in ((good, shares), (None, blind)):
            placed = place_mask(learned, ALL, "learned", np.random.default_rng(seed), pixels=pixels)
            assert placed is not None
            into.append(float((good[placed.mask] > 120).mean()))
    right, right_blind = ((np.array(s) > 0.5) == on_trace for s in (shares, blind))
    assert right.mean() >= 0.9
    if on_trace:
        assert right_blind.mean() < 0.5


def test_even_placements_do_not_look_around() -> None:
    _, reals = open_traces()
    learned, good = learn_placement(reals), np.roll(board(), 23, axis=1)
    for seed in range(5):
        first = place_mask(learned, ALL, "region", np.random.default_rng(seed), pixels=good)
        second = place_mask(learned, ALL, "region", np.random.default_rng(seed))
        assert first is not None
        assert second is not None
        assert (first.mask == second.mask).all()


def test_on_a_surface_without_structure_real_places_are_kept() -> None:
    flat = np.clip(np.random.default_rng(0).normal(120, 8, SIZE), 0, 255).astype(np.uint8)
    mask = box(30, 40, 10, 12)
    pixels = flat.copy()
    pixels[mask] = 30
    learned = learn_placement(real_masks("a", pixels, mask, ALL))
    middles = []
    for seed in range(30):
        placed = place_mask(learned, ALL, "learned", np.random.default_rng(seed), pixels=flat)
        assert placed is not None
        top, left, bottom, right = bounds(placed.mask)
        middles.append([(top + bottom) / 2, (left + right) / 2])
    # The real one sits at 35, 46; mirrored at 205 and 214.
    away = np.abs(
        np.array(middles)[:, None, :] - np.array([[35, 46], [35, 214], [205, 46], [205, 214]])[None]
    )
    assert np.median(np.hypot(*away.transpose(2, 0, 1)).min(axis=1)) < 30


def test_a_new_mask_is_about_as_strong_as_the_real_one_it_takes_after() -> None:
    pixels = np.clip(np.random.default_rng(0).normal(120, 8, SIZE), 0, 255).astype(np.uint8)
    small, large = box(30, 40, 6, 6), box(100, 60, 30, 60)
    pixels[small], pixels[large] = 105, 10
    reals = real_masks("faint", pixels, small, ALL, (1.0, 2.0, 8.0, 14.0))
    reals += real_masks("plain", pixels, large, ALL, (1.0, 2.0, 8.0, 14.0))
    assert reals[0].strength is not None
    assert reals[1].strength is not None
    assert reals[0].strength < 0.7 < 0.9 < reals[1].strength
    learned = learn_placement(reals)
    found: dict[str, list[float]] = {"faint": [], "plain": []}
    for seed in range(40):
        placed = place_mask(learned, ALL, "learned", np.random.default_rng(seed))
        assert placed is not None
        assert placed.strength is not None
        found[placed.origin["real"]].append(placed.strength)
    assert max(found["faint"]) < min(1.0, np.median(found["plain"]) + 0.1)
    assert np.median(found["faint"]) + 0.2 < np.median(found["plain"])
    assert len(set(found["plain"])) > 10


def test_without_known_contrasts_no_strength_is_asked_for() -> None:
    placed = place_mask(learn_placement(specks()[1]), ALL, "learned", np.random.default_rng(0))
    assert placed is not None
    assert placed.strength is None


@pytest.mark.parametrize("depth", [8, 16])
def test_ranks_do_not_depend_on_the_bit_depth(depth: int) -> None:
    pixels = np.full(SIZE, 120, dtype=np.uint16)
    mask = box(100, 100, 10, 10)
    pixels[mask] = 118
    scaled = (pixels * (257 if depth == 16 else 1)).astype(np.uint16)
    # Two grey levels over a floor of half a level: a contrast of about 3.5 after the blur.
    found = real_masks("a", scaled, mask, ALL, (1.0, 2.0, 3.0, 9.0), depth)[0].strength
    assert found == 1.0
