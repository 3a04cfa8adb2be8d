"""The audit finds each fault that it is there to find, and nothing on a good composite."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from factory_gen.composite.audit import Audit, AuditRules, audit, outside_hash
from factory_gen.composite.paste import outside_is_equal, paste
from factory_gen.errors import UsageError
from factory_gen.images.windows import to_unit
from factory_gen.metrics.contrast import NOTHING_THERE
from factory_gen.metrics.neighbours import defect_patches, learn_copy_check

SIZE = (64, 64)


def surface(seed: int = 0) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(130, 8, SIZE), 0, 255).astype(np.uint8)


def spot(radius: int = 7) -> np.ndarray:
    ys, xs = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    return (ys - 30) ** 2 + (xs - 34) ** 2 <= radius**2


def darkened(source: np.ndarray, mask: np.ndarray, by: int = 60) -> np.ndarray:
    result = source.copy()
    result[mask] = np.clip(result[mask].astype(int) - by, 0, 255)
    return result


RULES = AuditRules(contrast_floor=1.5, copies=None)
EVERYWHERE = np.ones(SIZE, dtype=bool)


def check(source: np.ndarray, result: np.ndarray, mask: np.ndarray, **changes: object) -> Audit:
    region = changes.pop("region", EVERYWHERE)
    assert isinstance(region, np.ndarray)
    return audit(source, result, mask, 8, region, replace(RULES, **changes))  # type: ignore[arg-type]


def test_a_good_composite_passes_and_its_hash_is_that_of_the_source_outside() -> None:
    source, mask = surface(), spot()
    found = check(source, darkened(source, mask), mask)
    assert found.passed
    assert found.reasons == ()
    assert found.outside_sha256 == outside_hash(source, mask)
    assert found.contrast > 3
    assert found.on_part == 1


@pytest.mark.parametrize("where", [(0, 0), (63, 63), (10, 40)])
def test_one_changed_bit_outside_is_found(where: tuple[int, int]) -> None:
    source, mask = surface(), spot()
    result = darkened(source, mask)
    result[where] ^= 1
    assert "outside-changed" in check(source, result, mask).reasons
    assert not outside_is_equal(source, result, mask)


@pytest.mark.parametrize("channels", [1, 3])
def test_equality_and_hash_are_those_of_all_pixels_outside(channels: int) -> None:
    rng = np.random.default_rng(3)
    source: np.ndarray = rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8) if channels == 3 else surface()
    for mask in (spot(), spot(40), ~spot(), rng.random(SIZE) < 0.2, np.zeros(SIZE, dtype=bool)):
        plain = hashlib.sha256(source[~mask].tobytes()).hexdigest()
        assert outside_hash(source, mask) == plain
        result = source.copy()
        result[mask] ^= 1
        assert outside_is_equal(source, result, mask)
        assert outside_hash(result, mask) == plain
        for row, column in np.argwhere(~mask)[::97]:
            result[row, column] ^= 1
            assert not outside_is_equal(source, result, mask)
            result[row, column] ^= 1


def test_the_verdict_does_not_depend_on_how_large_the_picture_is() -> None:
    source, mask = surface(), spot()
    wide, wide_mask = np.full((300, 400), 130, np.uint8), np.zeros((300, 400), dtype=bool)
    wide[100:164, 200:264], wide_mask[100:164, 200:264] = source, mask
    small = check(source, darkened(source, mask), mask)
    large = check(wide, darkened(wide, wide_mask), wide_mask, region=np.ones((300, 400), dtype=bool))
    assert (large.contrast, large.change, large.grain) == (small.contrast, small.change, small.grain)


def test_faint_unchanged_and_off_part_are_told_apart() -> None:
    source, mask = surface(), spot()
    assert "faint" in check(source, darkened(source, mask, 4), mask).reasons
    assert "unchanged" in check(source, source.copy(), mask).reasons
    # One grey level on a texture that varies by two is there and cannot be seen.
    assert 0.2 < check(source, darkened(source, mask, 1), mask).change < NOTHING_THERE
    assert "unchanged" in check(source, darkened(source, mask, 1), mask).reasons
    assert "unchanged" not in check(source, darkened(source, mask, 4), mask).reasons
    half = EVERYWHERE.copy()
    half[:, 34:] = False
    found = check(source, darkened(source, mask), mask, region=half)
    assert "off-part" in found.reasons
    assert 0.3 < found.on_part < 0.7


def test_a_bright_defect_of_a_dark_type_has_the_wrong_sign() -> None:
    source, mask = surface(), spot()
    bright = darkened(source, mask, -60)
    assert check(source, bright, mask).passed
    assert check(source, bright, mask, shift=-4.0).reasons == ("wrong-sign",)
    assert check(source, darkened(source, mask), mask, shift=-4.0).passed


def test_a_training_defect_pasted_elsewhere_is_a_near_copy() -> None:
    mask = spot()
    reals = [ramped(surface(7), mask, 0.5 + 1.1 * turn) for turn in range(4)]
    patches = np.stack([defect_patches(to_unit(real, 8, 1), mask) for real in reals])
    copies = learn_copy_check(patches, ["a", "b", "c", "d"])
    source = surface(11)
    pasted = source.copy()
    pasted[mask] = reals[2][mask]
    assert "near-copy" in check(source, pasted, mask, copies=copies).reasons
    own = check(source, ramped(source, mask, 0.0, waves=2.0), mask, copies=copies)
    assert "near-copy" not in own.reasons
    assert own.nearest_real > own.copy_limit


def ramped(source: np.ndarray, mask: np.ndarray, turn: float, waves: float = 1.0) -> np.ndarray:
    """A defect whose darkness waves across it in one direction."""
    ys, xs = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    along = (xs - 34) * np.cos(turn) + (ys - 30) * np.sin(turn)
    result = source.astype(float)
    result[mask] -= 60 + 55 * np.sin(waves * along / 2.5)[mask]
    return np.clip(result, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("dtype", "depth"), [(np.uint8, 8), (np.uint16, 12), (np.uint16, 16)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pasting_the_source_itself_changes_nothing(dtype: type, depth: int, channels: int) -> None:
    shape = SIZE if channels == 1 else (*SIZE, 3)
    source = np.random.default_rng(0).integers(0, 2**depth, shape).astype(dtype)
    assert (paste(source, to_unit(source, depth, channels), spot(), depth) == source).all()


def test_pasted_values_are_clipped_to_the_bit_depth_and_only_under_the_mask() -> None:
    source, mask = np.full(SIZE, 100, np.uint16), spot()
    out = paste(source, np.full((*SIZE, 1), 5.0, np.float32), mask, 12)
    assert (out[mask] == 4095).all()
    assert (out[~mask] == 100).all()


def test_a_grey_drawing_goes_into_a_colour_picture() -> None:
    source, mask = np.full((*SIZE, 3), 10, np.uint8), spot()
    out = paste(source, np.zeros((*SIZE, 1), np.float32), mask, 8)
    assert set(np.unique(out[mask])) == {128}
    with pytest.raises(UsageError):
        paste(source, np.zeros((*SIZE, 1), np.float32), mask[:10], 8)
