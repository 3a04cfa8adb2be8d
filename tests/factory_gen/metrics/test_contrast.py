"""Contrast on drawn textures whose defect depth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.metrics.contrast import (
    NOTHING_THERE,
    change_contrast,
    mask_contrast,
    mask_contrasts,
    measure_contrast,
    smooth,
    spread,
)

SIZE = 160


def texture(seed: int = 0, *, grain: float = 0.05) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.1, grain, (SIZE, SIZE)).astype(np.float32)


def crack_mask() -> np.ndarray:
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    cv2.polylines(canvas, [np.array([[30, 60], [70, 75], [120, 70]])], False, 1, 2)
    return canvas > 0


def blob_mask(radius: int = 10) -> np.ndarray:
    rows, cols = np.mgrid[:SIZE, :SIZE]
    return (rows - 80) ** 2 + (cols - 70) ** 2 <= radius**2


def area_mask() -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[20:130, 15:120] = True
    return mask


MASKS = pytest.mark.parametrize(
    "mask", [crack_mask(), blob_mask(), area_mask()], ids=["crack", "blob", "area"]
)


@MASKS
def test_texture_without_a_defect_gives_the_bell_curve_mean(mask: np.ndarray) -> None:
    values = [mask_contrast(texture(seed), mask) for seed in range(12)]
    assert np.mean(values) == pytest.approx(NOTHING_THERE, abs=0.12)


@MASKS
def test_an_even_defect_fills_its_mask(mask: np.ndarray) -> None:
    assert measure_contrast(texture() - 0.6 * mask, mask).fill > 0.9


@pytest.mark.parametrize("core", [5, 8, 11])
def test_a_core_fills_as_much_of_its_mask_as_it_covers(core: int) -> None:
    mask, defect = blob_mask(16), blob_mask(core)
    found = measure_contrast(texture(grain=0.01) - 0.6 * defect, mask).fill
    assert found == pytest.approx(defect.sum() / mask.sum(), abs=0.06)


def test_fill_is_unknown_without_surroundings() -> None:
    assert np.isnan(measure_contrast(texture(), np.ones((SIZE, SIZE), bool)).fill)


@MASKS
def test_contrast_grows_with_depth_for_thin_small_and_large_defects(mask: np.ndarray) -> None:
    values = [mask_contrast(texture() - depth * mask, mask) for depth in (0.0, 0.05, 0.1, 0.3)]
    assert values == sorted(values)
    assert values[3] > 3 * values[0]


@pytest.mark.parametrize("mask", [blob_mask(), area_mask()], ids=["blob", "area"])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_shift_is_the_depth_in_ring_spreads_with_its_sign(mask: np.ndarray, sign: float) -> None:
    plain = texture()
    unit = spread(smooth(plain))
    found = measure_contrast(plain + sign * 0.2 * mask, mask)
    assert found.shift == pytest.approx(sign * 0.2 / unit, rel=0.15)


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0])
def test_texture_tells_a_rougher_and_a_smoother_area_apart(factor: float) -> None:
    mask = area_mask()
    picture = np.where(mask, 0.1 + (texture() - 0.1) * factor, texture(1)).astype(np.float32)
    found = measure_contrast(picture, mask)
    assert found.texture == pytest.approx(np.log2(factor), abs=0.3)
    assert abs(found.shift) < 0.3


def test_unit_and_offset_of_the_picture_do_not_matter() -> None:
    mask = blob_mask()
    picture = texture() - 0.2 * mask
    assert mask_contrast(picture * 1000 + 500, mask) == pytest.approx(mask_contrast(picture, mask), rel=1e-3)


def test_the_cost_saving_crop_does_not_change_the_figure() -> None:
    """Truth: the same defect in a picture nine times as large."""
    mask, picture = blob_mask(), texture() - 0.2 * blob_mask()
    large = np.pad(picture, SIZE, mode="reflect")
    assert mask_contrast(large, np.pad(mask, SIZE)) == pytest.approx(mask_contrast(picture, mask), rel=1e-5)


def test_the_ring_stays_on_the_part() -> None:
    """A backdrop beside the defect must not count as its surroundings."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[60:90, 41:47] = True
    part = np.zeros((SIZE, SIZE), bool)
    part[:, 40:] = True
    picture = np.where(part, texture() - 0.2 * mask, -1.0).astype(np.float32)
    on_part = mask_contrast(picture, mask, region=part)
    assert on_part > 3.5
    assert mask_contrast(picture, mask) < 0.5 * on_part


def test_a_flat_ring_gives_a_finite_figure() -> None:
    mask = blob_mask()
    assert mask_contrast(np.where(mask, 0.5, 0.0), mask, floor=0.01) == pytest.approx(50, rel=0.1)


def test_of_three_channels_the_strongest_counts() -> None:
    mask = blob_mask()
    colour = np.stack([texture(0), texture(1) - 0.3 * mask, texture(2)], axis=2)
    assert mask_contrast(colour, mask) == pytest.approx(mask_contrast(colour[..., 1], mask))


def test_a_mask_without_surroundings_gives_nan() -> None:
    mask = np.ones((SIZE, SIZE), bool)
    assert np.isnan(mask_contrast(texture(), mask))
    assert np.isnan(change_contrast(texture(), texture(), mask))


def test_many_at_once_with_one_mask_or_one_each() -> None:
    mask, other = blob_mask(), crack_mask()
    pictures = np.stack([texture(s) - 0.1 * mask for s in range(3)])
    singles = [mask_contrast(picture, mask) for picture in pictures]
    np.testing.assert_allclose(mask_contrasts(pictures, mask), singles)
    mixed = mask_contrasts(pictures, [mask, other, mask])
    assert mixed[1] == pytest.approx(mask_contrast(pictures[1], other))


def test_change_is_zero_for_no_change_and_exact_for_a_known_one() -> None:
    mask, before = blob_mask(14), texture()
    assert change_contrast(before, before, mask) == 0.0
    weak, strong = (change_contrast(before, before - d * mask, mask) for d in (0.1, 0.2))
    assert strong == pytest.approx(2 * weak, rel=1e-4)
    assert weak == pytest.approx(0.1 / spread(smooth(before)), rel=0.2)


@pytest.mark.parametrize("mask", [np.zeros((SIZE, SIZE), bool), np.ones((9, 9), bool)], ids=["empty", "size"])
def test_a_mask_that_does_not_fit_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(UsageError):
        mask_contrast(texture(), mask)
