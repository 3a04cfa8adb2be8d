"""Grain ratios on pictures whose roughness is known band by band."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.metrics.spectrum import BAND_NAMES, band_ratio, bands, grain_ratio

SIZE = 128


def grain(seed: int, spread: float = 4.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(120, spread, (SIZE, SIZE)).astype(np.float32)


def disc(radius: int = 25) -> np.ndarray:
    rows, cols = np.mgrid[:SIZE, :SIZE]
    return (rows - 64) ** 2 + (cols - 60) ** 2 <= radius**2


def test_the_same_grain_inside_and_around_gives_one() -> None:
    found = grain_ratio(grain(0), grain(0), disc())
    assert found.to_ring == pytest.approx((1, 1, 1), rel=0.2)
    assert found.to_source == (1.0, 1.0, 1.0)
    assert len(found.to_ring) == len(BAND_NAMES)


@pytest.mark.parametrize("factor", [0.2, 0.5, 2.0])
def test_known_roughness_inside_the_mask_is_found(factor: float) -> None:
    before = grain(1)
    after = np.where(disc(), 120 + (before - 120) * factor, before).astype(np.float32)
    found = grain_ratio(before, after, disc())
    assert found.to_source == pytest.approx((factor,) * 3, rel=0.12)
    assert found.fine == pytest.approx(factor, rel=0.15)


def test_a_blurred_patch_loses_the_fine_band_first() -> None:
    before = grain(2)
    after = np.where(disc(), cv2.GaussianBlur(before, (0, 0), 1.2), before).astype(np.float32)
    fine, middle, coarse = grain_ratio(before, after, disc()).to_source
    assert fine < 0.2 < middle < coarse


def test_a_level_step_and_a_few_sharp_edges_do_not_pass_for_grain() -> None:
    """A dark defect with a crisp line inside keeps the ratio near one as long as its grain is right."""
    before = grain(3)
    after = before - 60 * disc()
    after[60:62, 40:80] -= 40
    assert grain_ratio(before, after, disc()).fine == pytest.approx(1.0, rel=0.2)


def test_depth_and_colour_do_not_matter() -> None:
    before, after = grain(4), np.where(disc(), cv2.GaussianBlur(grain(4), (0, 0), 1.0), grain(4))
    eight = grain_ratio(before, after, disc()).to_ring
    sixteen = grain_ratio((before * 200).astype(np.uint16), (after * 200).astype(np.uint16), disc()).to_ring
    colour = grain_ratio(np.stack([before] * 3, 2), np.stack([after] * 3, 2), disc()).to_ring
    assert sixteen == pytest.approx(eight, rel=0.01)
    assert colour == pytest.approx(eight, rel=1e-5)


def test_a_real_defect_has_no_source_and_a_full_mask_no_ring() -> None:
    assert np.isnan(grain_ratio(None, grain(5), disc()).to_source).all()
    assert np.isnan(grain_ratio(grain(5), grain(5), np.ones((SIZE, SIZE), bool)).to_ring).all()
    speck = np.zeros((SIZE, SIZE), bool)
    speck[5:8, 5:8] = True
    assert np.isnan(grain_ratio(None, grain(5), speck).to_ring).all()


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0])
def test_band_ratio_of_whole_pictures(factor: float) -> None:
    before = np.stack([grain(6), grain(7)])
    after = 120 + (before - 120) * factor
    assert band_ratio(before, after) == pytest.approx((factor,) * 3, abs=1e-3)


def test_bands_and_the_rest_add_up_to_the_picture() -> None:
    picture = grain(8)
    rest = cv2.GaussianBlur(picture, (0, 0), 2.8)
    np.testing.assert_allclose(sum(bands(picture)) + rest, picture, atol=1e-3)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(UsageError, match="same size"):
        grain_ratio(None, grain(0), np.ones((3, 3), bool))


@pytest.mark.parametrize("channels", [1, 3])
def test_bands_keep_the_channel_axis(channels: int) -> None:
    flat = np.random.default_rng(3).normal(size=(24, 20)).astype(np.float32)
    picture = np.repeat(flat[:, :, None], channels, axis=2)
    for with_axis, without in zip(bands(picture), bands(flat), strict=True):
        assert with_axis.shape == picture.shape
        np.testing.assert_allclose(with_axis[:, :, -1], without, atol=1e-5)
