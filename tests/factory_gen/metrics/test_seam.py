"""The mask's border on drawn textures: soft spots have no seam, cut-out and ringed ones do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.images.masks import dilate, erode
from factory_gen.metrics.seam import measure_seam

SIZE = 120


def texture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.1, 0.05, (SIZE, SIZE)).astype(np.float32)


def area() -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return (rows - 60) ** 2 + (columns - 55) ** 2 <= 28**2


def line() -> np.ndarray:
    canvas = np.zeros((SIZE, SIZE), np.uint8)
    cv2.line(canvas, (25, 30), (90, 80), 1, 3)
    return canvas > 0


MASKS = pytest.mark.parametrize("mask", [area(), line()], ids=["area", "line"])


def soft(mask: np.ndarray, depth: float) -> np.ndarray:
    return texture() + depth * cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 6.0)


@MASKS
@pytest.mark.parametrize("seed", range(4))
def test_bare_texture_has_neither_step_nor_rim(mask: np.ndarray, seed: int) -> None:
    found = measure_seam(texture(seed), mask)
    assert abs(found.step) < 0.35
    assert found.rim < 0.3


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_hard_step_stands_out_from_a_soft_one_and_grows_with_its_height(sign: float) -> None:
    steps = [measure_seam(texture() + sign * depth * area(), area()).step for depth in (0.0, 0.1, 0.2, 0.4)]
    assert steps == sorted(steps)
    assert steps[-1] > 2
    assert measure_seam(soft(area(), sign * 0.4), area()).step < 0.8 < steps[1]


@MASKS
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_ring_on_the_border_is_found_whatever_its_sign(mask: np.ndarray, sign: float) -> None:
    ring = dilate(mask, 1) & ~erode(mask, 1)
    plain, ringed = (
        measure_seam(soft(mask, -0.2), mask),
        measure_seam(soft(mask, -0.2) + sign * 0.1 * ring, mask),
    )
    assert ringed.rim > plain.rim + 0.8


def test_the_unit_of_the_picture_does_not_matter() -> None:
    picture = texture() + 0.2 * area()
    assert measure_seam(picture * 1000 + 40, area()).step == pytest.approx(measure_seam(picture, area()).step)
    colour = np.repeat(picture[:, :, None], 3, axis=2)
    assert measure_seam(colour, area()).rim == pytest.approx(measure_seam(picture, area()).rim, rel=1e-4)


def test_the_edge_of_the_part_is_no_seam() -> None:
    """The mask ends where the part ends: only the backdrop's step lies on the border there."""
    part = np.zeros((SIZE, SIZE), bool)
    part[:, 40:] = True
    mask = np.zeros((SIZE, SIZE), bool)
    mask[30:90, 40:70] = True
    picture = np.where(part, texture(), -1.0).astype(np.float32)
    assert measure_seam(picture, mask, region=part).step < 0.4
    assert measure_seam(picture, mask).step > 1


def test_a_mask_without_surroundings_gives_nan_and_an_empty_one_is_refused() -> None:
    everything = np.ones((SIZE, SIZE), bool)
    assert np.isnan(measure_seam(texture(), everything).step)
    assert np.isnan(measure_seam(texture(), everything).rim)
    with pytest.raises(UsageError):
        measure_seam(texture(), ~everything)
