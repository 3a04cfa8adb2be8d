"""Where the part is: found on the drawn plant, and never a whole picture taken away."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.images.foreground import MOST_PIXELS, foreground


def scene(background: int, part: int, share: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.zeros((120, 160), dtype=bool)
    width = int(160 * share)
    truth[15:105, (160 - width) // 2 : (160 + width) // 2] = True
    pixels = np.where(truth, part, background) + rng.normal(0, 4, truth.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8), truth


@pytest.mark.parametrize("part", [90, 150, 230])
def test_a_part_on_a_dark_backdrop_is_found(part: int) -> None:
    pixels, truth = scene(8, part, 0.8)
    found = foreground(pixels)
    assert (found & truth).sum() / (found | truth).sum() > 0.93


def test_a_dark_hole_inside_the_part_belongs_to_it() -> None:
    pixels, _truth = scene(8, 150, 0.8)
    pixels[50:60, 70:80] = 5
    assert foreground(pixels)[52:58, 72:78].all()


@pytest.mark.parametrize("value", [3, 120, 250])
def test_a_picture_without_backdrop_is_all_part(value: int) -> None:
    rng = np.random.default_rng(1)
    pixels = np.clip(value + rng.normal(0, 2, (64, 64)), 0, 255).astype(np.uint8)
    assert foreground(pixels).mean() > 0.99


def test_colour_and_16_bit_pictures_are_judged_alike() -> None:
    pixels, _ = scene(8, 150)
    assert (foreground(pixels) == foreground(np.repeat(pixels[:, :, None], 3, axis=2))).all()
    assert (foreground(pixels) == foreground(pixels.astype(np.uint16) * 257)).mean() > 0.999


@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_picture_is_looked_at_smaller_and_nothing_outside_is_taken_for_the_part(
    channels: int,
) -> None:
    small, small_truth = scene(8, 150, 0.8)
    pixels, truth = (np.kron(a, np.ones((17, 13), a.dtype)) for a in (small, small_truth))
    assert pixels.size > 3 * MOST_PIXELS
    if channels == 3:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    found = foreground(pixels)
    assert found.shape == truth.shape
    assert not (found & ~truth).any()
    assert (found & truth).sum() / truth.sum() > 0.98


def test_a_large_picture_without_backdrop_is_all_part() -> None:
    rng = np.random.default_rng(2)
    assert foreground(rng.integers(90, 160, (1100, 1000), dtype=np.uint8)).all()


def test_dark_traces_that_run_through_a_board_are_no_backdrop() -> None:
    rng = np.random.default_rng(3)
    pixels = np.clip(rng.normal(220, 3, (160, 200)), 0, 255).astype(np.uint8)
    for start in range(20, 190, 40):
        pixels[:120, start : start + 12] = 10
    assert foreground(pixels).all()


def test_a_dark_strip_beside_the_part_stays_backdrop() -> None:
    pixels, truth = scene(8, 150)
    pixels[:, :25] = 5
    found = foreground(pixels)
    assert not found[:, :20].any()
    assert (found & truth)[:, 40:].sum() > 0.9 * truth[:, 40:].sum()
