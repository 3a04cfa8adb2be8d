"""CutPaste and Perlin blobs: exact outside their masks, inside the region, visible, decided by their generator."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.gate.cutpaste import cutpaste
from factory_gen.gate.perlin import noise, perlin

SIDE = 64


def picture(seed: int, kind: str = "grey") -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (SIDE, SIDE, 3) if kind == "colour" else (SIDE, SIDE)
    if kind == "deep":
        return rng.integers(1500, 2500, shape, dtype=np.uint16)
    return rng.integers(90, 150, shape, dtype=np.uint8)


def defect(kind: str = "grey") -> tuple[np.ndarray, np.ndarray]:
    pixels, mask = picture(2, kind), np.zeros((SIDE, SIDE), dtype=bool)
    mask[20:30, 8:14] = True
    mask[25:28, 14:20] = True
    pixels[mask] = 10
    return pixels, mask


def region(empty: bool = False) -> np.ndarray:
    found = np.zeros((SIDE, SIDE), dtype=bool)
    if not empty:
        found[:, SIDE // 2 :] = True
    return found


@pytest.mark.parametrize("kind", ["grey", "colour", "deep"])
def test_a_pasted_defect_changes_its_mask_and_nothing_else(kind: str) -> None:
    target, (source, mask) = picture(1, kind), defect(kind)
    result, placed = cutpaste(target, source, mask, np.random.default_rng(0), match=False)
    assert result.dtype == target.dtype and result.shape == target.shape
    np.testing.assert_array_equal(result[~placed], target[~placed])
    assert (result[placed] == 10).all()
    assert placed.sum() == mask.sum()


def test_brightness_follows_what_surrounds_it() -> None:
    target, (source, mask) = (picture(1) // 2).astype(np.uint8), defect()
    result, placed = cutpaste(target, source, mask, np.random.default_rng(0))
    # The source lies around 120, the target around 60: the defect, 110 below, is cut off at black.
    assert (result[placed] == 0).all()
    source[mask] = 160
    result, placed = cutpaste(target, source, mask, np.random.default_rng(0))
    assert abs(float(result[placed].mean()) - 100) < 12


def test_a_defect_sits_in_the_region() -> None:
    target, (source, mask) = picture(1), defect()
    for seed in range(20):
        result, placed = cutpaste(
            target,
            source,
            mask,
            np.random.default_rng(seed),
            region=region(),
            moves=("flip-x", "quarter-turns"),
        )
        assert placed.any() and not placed[~region()].any()
        np.testing.assert_array_equal(result[~placed], target[~placed])


def test_no_room_leaves_the_picture_as_it_was() -> None:
    target, (source, mask) = picture(1), defect()
    for made, placed in (
        cutpaste(target, source, mask, np.random.default_rng(0), region=region(empty=True)),
        perlin(target, np.random.default_rng(0), region=region(empty=True)),
    ):
        np.testing.assert_array_equal(made, target)
        assert not placed.any()


def test_a_defect_larger_than_the_target_is_cut() -> None:
    _, placed = cutpaste(picture(1)[:6, :6].copy(), *defect(), np.random.default_rng(0))
    assert placed.shape == (6, 6) and placed.any()


@pytest.mark.parametrize("kind", ["grey", "colour", "deep"])
def test_a_blob_is_what_changed(kind: str) -> None:
    target = picture(1, kind)
    for seed in range(10):
        result, mask = perlin(target, np.random.default_rng(seed), region=region())
        changed = result != target
        np.testing.assert_array_equal(changed.any(axis=2) if changed.ndim == 3 else changed, mask)
        assert mask.any() and not mask[~region()].any()
        assert mask.mean() <= 0.15


def test_the_same_generator_gives_the_same_pictures() -> None:
    for draw in (
        lambda rng: cutpaste(picture(1), *defect(), rng, moves=("flip-x",)),
        lambda rng: perlin(picture(1), rng),
    ):
        first, second, other = (draw(np.random.default_rng(seed)) for seed in (4, 4, 5))
        np.testing.assert_array_equal(first[0], second[0])
        assert not np.array_equal(first[0], other[0])


def test_perlin_noise_is_smooth_and_zero_at_its_corners() -> None:
    field = noise(64, 96, 4, np.random.default_rng(0))
    assert field.shape == (64, 96)
    np.testing.assert_allclose(field[::16, ::24], 0, atol=1e-6)  # at the grid's corners
    assert np.abs(np.diff(field, axis=0)).max() < 0.2 < field.max()


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(UsageError):
        cutpaste(picture(1), picture(2), np.zeros((SIDE, SIDE), dtype=bool), np.random.default_rng(0))
