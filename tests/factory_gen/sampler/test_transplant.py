"""Pasted real defects: each pixel comes from where the warped mask says, and the level is that of the new place."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.images.masks import bounds, dilate
from factory_gen.sampler.placement import RealMask, learn_placement, place_mask
from factory_gen.sampler.real_shapes import Shape, stretched_shape, trace_of, warped_shape
from factory_gen.sampler.transplant import transplant

SIZE = (200, 160)
ALL = np.ones(SIZE, dtype=bool)


def ell() -> np.ndarray:
    """A mask that looks different in every mirror image."""
    mask = np.zeros(SIZE, dtype=bool)
    mask[60:110, 40:48] = True
    mask[100:110, 40:75] = True
    return mask


MIRRORS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.mark.parametrize("mirror", MIRRORS)
@pytest.mark.parametrize("anchored", [False, True])
def test_a_warped_mask_knows_where_its_pixels_come_from(mirror: tuple[bool, bool], anchored: bool) -> None:
    for seed in range(6):
        shape = warped_shape(ell(), np.random.default_rng(seed), mirror, anchored=anchored)
        assert shape.rows is not None and shape.columns is not None
        rows, columns = (np.clip(np.rint(one), 0, None).astype(int) for one in (shape.rows, shape.columns))
        came = ell()[rows.clip(max=SIZE[0] - 1), columns.clip(max=SIZE[1] - 1)]
        assert came[shape.mask].mean() > 0.95
        assert came[~shape.mask].mean() < 0.1


@pytest.mark.parametrize("mirror", MIRRORS)
def test_a_stretched_mask_knows_it_too(mirror: tuple[bool, bool]) -> None:
    own, box = (20, 10, 180, 150), (0, 0, 120, 130)
    shape = stretched_shape(ell(), own, box, mirror, np.random.default_rng(1))
    assert shape.mask.shape == (120, 130)
    assert shape.rows is not None and shape.columns is not None
    came = ell()[np.rint(shape.rows).astype(int), np.rint(shape.columns).astype(int)]
    assert came[shape.mask].mean() > 0.9
    top, left, _, _ = bounds(shape.mask)
    assert (top < 60) == (not mirror[1]) or (left < 60) == (not mirror[0])


def unwarped(mask: np.ndarray) -> Shape:
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    return Shape(mask, rows, columns)


def test_pixels_are_the_real_ones_moved_to_the_level_of_the_new_place() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(0.3, 0.02, (*SIZE, 1)).astype(np.float32)
    real[ell()] -= 0.5
    target = np.full((*SIZE, 1), -0.2, np.float32)
    trace = trace_of(ell(), unwarped(ell()), (0, 0))
    assert trace is not None
    made = transplant(target, ell(), ALL, real, ell(), ALL, trace)
    assert (made[~ell()] == target[~ell()]).all()
    assert made[ell()].mean() == pytest.approx(-0.7, abs=0.02)
    assert np.corrcoef(made[ell()][:, 0], real[ell()][:, 0])[0, 1] > 0.98


def test_other_defects_and_the_backdrop_say_nothing_about_the_level() -> None:
    real = np.zeros((*SIZE, 1), np.float32)
    part = ALL.copy()
    part[:, :36] = False
    real[~part] = -1.0
    beside = dilate(ell(), 4) & ~dilate(ell(), 2)
    beside[:, 44:] = False
    real[beside] = 1.0
    trace = trace_of(ell(), unwarped(ell()), (0, 0))
    assert trace is not None
    made = transplant(np.zeros_like(real), ell(), ALL, real, ell() | beside, part, trace)
    assert made[ell()].mean() == pytest.approx(0.0, abs=1e-5)


def test_the_light_of_either_picture_stays_where_it_is() -> None:
    """A dark defect from a picture that is bright on the left goes to one that is bright at the top: no seam."""
    across = np.broadcast_to(np.linspace(0.5, -0.5, SIZE[1], dtype=np.float32)[None, :, None], (*SIZE, 1))
    down = np.broadcast_to(np.linspace(0.5, -0.5, SIZE[0], dtype=np.float32)[:, None, None], (*SIZE, 1))
    real = across.copy()
    real[ell()] -= 0.2
    trace = trace_of(ell(), unwarped(ell()), (0, 0))
    assert trace is not None
    made = transplant(down.copy(), ell(), ALL, real, ell(), ALL, trace)
    assert np.abs(made - down + 0.2)[ell()].max() < 0.05


def test_without_any_sound_pixel_near_the_median_stands_in() -> None:
    everything = np.ones(SIZE, dtype=bool)
    trace = trace_of(everything, unwarped(everything), (0, 0))
    assert trace is not None
    made = transplant(
        np.full((*SIZE, 1), 0.1, np.float32), ALL, ALL, np.zeros((*SIZE, 1), np.float32), ALL, ALL, trace
    )
    assert np.allclose(made, 0.1)


def test_placed_masks_carry_their_trace_and_drawn_ones_do_not() -> None:
    learned = learn_placement([RealMask("a", ell(), bounds(ALL))])
    rough = np.random.default_rng(0).normal(0, 0.1, (*SIZE, 1)).astype(np.float32)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        placed = place_mask(learned, ALL, "learned", rng, procedural_share=0.0)
        assert placed is not None and placed.trace is not None
        made = transplant(np.zeros_like(rough), placed.mask, ALL, rough, ell(), ALL, placed.trace)
        assert not made[~placed.mask].any()
        assert 0.04 < made[placed.mask].std() < 0.12
        drawn = place_mask(learned, ALL, "learned", np.random.default_rng(seed), procedural_share=1.0)
        assert drawn is not None and drawn.trace is None
