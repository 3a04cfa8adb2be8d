"""Masks lie on the part only, where the type occurs, in the type's family of shapes."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.images.masks import bounds
from factory_gen.sampler.mask_families import measure_shapes, procedural_mask
from factory_gen.sampler.placement import PLACEMENTS, RealMask, learn_placement, place_mask

SIZE = (200, 160)


def line(top: int, left: int, length: int = 40) -> np.ndarray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[top : top + length, left : left + 3] = True
    return mask


def part(margin: int = 20) -> np.ndarray:
    region = np.zeros(SIZE, dtype=bool)
    region[margin : SIZE[0] - margin, margin : SIZE[1] - margin] = True
    return region


def real(mask: np.ndarray, key: str = "a") -> RealMask:
    return RealMask(key, mask, bounds(part()))


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("seed", range(12))
def test_no_mask_leaves_the_part(placement: str, seed: int) -> None:
    learned = learn_placement([real(line(30, 25)), real(line(120, 100))])
    placed = place_mask(learned, part(), placement, np.random.default_rng(seed))
    assert placed is not None
    assert placed.mask.any()
    assert not (placed.mask & ~part()).any()


def test_learned_places_are_those_of_the_real_defects_or_their_mirror_images() -> None:
    learned = learn_placement([real(line(30, 25))])
    shares = []
    for seed in range(60):
        placed = place_mask(learned, part(), "learned", np.random.default_rng(seed))
        assert placed is not None
        _top, left, _bottom, right = bounds(placed.mask)
        shares.append(((left + right) / 2 - 20) / 120)
    # The real one sits at 5 % of the part's width; mirrored it sits at 95 %.
    near_rim = [share for share in shares if share < 0.25 or share > 0.75]
    assert len(near_rim) > 0.9 * len(shares)


def test_even_placement_reaches_the_middle() -> None:
    learned = learn_placement([real(line(30, 25))])
    found = [place_mask(learned, part(), "region", np.random.default_rng(seed)) for seed in range(40)]
    middles = [(bounds(p.mask)[1] + bounds(p.mask)[3]) / 2 for p in found if p is not None]
    assert any(60 < middle < 100 for middle in middles)


def test_a_large_mask_is_mapped_from_its_part_to_this_one() -> None:
    large = np.zeros(SIZE, dtype=bool)
    large[20:70, 20:140] = True
    placed = place_mask(learn_placement([real(large)]), part(40), "learned", np.random.default_rng(0))
    assert placed is not None
    assert placed.origin["family"] == "stretched"
    top, left, bottom, right = bounds(placed.mask)
    assert top < 48 or bottom > 152
    assert right - left > 0.85 * 80


def test_nowhere_to_go_gives_none() -> None:
    tiny = np.zeros(SIZE, dtype=bool)
    tiny[0:3, 0:3] = True
    assert (
        place_mask(learn_placement([real(line(30, 25))]), tiny, "learned", np.random.default_rng(0)) is None
    )


def test_shape_families_are_read_off_the_masks() -> None:
    ys, xs = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    disc = (ys - 100) ** 2 + (xs - 80) ** 2 <= 15**2
    lines, blobs = measure_shapes([line(30, 25)]), measure_shapes([disc])
    assert (lines.family, blobs.family) == ("line", "blob")
    sizes = [procedural_mask(blobs, np.random.default_rng(i)).sum() for i in range(20)]
    assert 0.4 * disc.sum() < np.median(sizes) < 1.8 * disc.sum()
    drawn = procedural_mask(lines, np.random.default_rng(1))
    assert max(drawn.shape) > 3 * drawn.sum() / max(drawn.shape)


@pytest.mark.parametrize("side", ["top", "left", "bottom", "right"])
def test_a_defect_that_comes_in_from_the_border_stays_at_the_border(side: str) -> None:
    """Real cracks start at an edge; so do new ones, on that side or its mirror image."""
    mask = np.zeros(SIZE, dtype=bool)
    area = {
        "top": np.s_[20:50, 80:84],
        "left": np.s_[100:104, 20:50],
        "bottom": np.s_[150:180, 80:84],
        "right": np.s_[100:104, 110:140],
    }
    mask[area[side]] = True
    learned = learn_placement([real(mask)])
    assert learned.masks[0].sides == (side,)
    upright, gaps = side in ("top", "bottom"), []
    for seed in range(25):
        placed = place_mask(learned, part(30), "learned", np.random.default_rng(seed))
        assert placed is not None
        top, left, bottom, right = bounds(placed.mask)
        gaps.append(min(top - 30, 170 - bottom) if upright else min(left - 30, 130 - right))
        assert (bottom - top > right - left) == upright
    assert max(gaps) == 0


def test_new_lines_have_the_direction_and_the_bend_of_real_ones() -> None:
    shapes = measure_shapes([line(30, 25, 80), line(60, 90, 70)])
    assert shapes.family == "line"
    for seed in range(15):
        drawn = procedural_mask(shapes, np.random.default_rng(seed))
        assert drawn.shape[0] > 1.4 * drawn.shape[1]


def test_mirroring_turns_directions_too() -> None:
    slanted = np.zeros(SIZE, dtype=bool)
    for step in range(60):
        slanted[40 + step, 40 + step : 43 + step] = True
    shapes = measure_shapes([slanted])
    falls = {}
    for mirror in ((False, False), (True, False)):
        drawn = procedural_mask(shapes, np.random.default_rng(0), mirror)
        ys, xs = np.nonzero(drawn)
        falls[mirror] = float(np.corrcoef(ys, xs)[0, 1])
    assert falls[(False, False)] > 0.5
    assert falls[(True, False)] < -0.5


def test_a_picture_of_many_defects_does_not_rule() -> None:
    masks = [real(line(30, 25), "one")] + [real(line(30 + 2 * i, 60), "many") for i in range(19)]
    learned = learn_placement(masks)
    keys = [learned.draw(np.random.default_rng(seed)).key for seed in range(200)]
    assert 70 < keys.count("one") < 130
    assert len({id(learned.draw(np.random.default_rng(seed))) for seed in range(200)}) > 12
