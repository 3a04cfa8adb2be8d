"""PSNR against hand-made errors and scikit-free arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.metrics.psnr import measure_psnr, psnr


@pytest.mark.parametrize(
    "error, peak, wanted",
    [(1.0, 255.0, 48.1308), (0.02, 2.0, 40.0), (25.5, 255.0, 20.0), (16.0, 65535.0, 72.2468)],
)
def test_a_constant_error_gives_the_textbook_figure(error: float, peak: float, wanted: float) -> None:
    picture = np.full((8, 9), 100.0)
    assert psnr(picture, picture + error, peak=peak) == pytest.approx(wanted, abs=1e-3)


def test_integers_do_not_wrap_around() -> None:
    black, white = np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)
    assert psnr(black, white, peak=255) == pytest.approx(0.0)


def test_equal_pixels_and_nothing_to_compare() -> None:
    picture = np.ones((3, 3))
    assert psnr(picture, picture, peak=1) == float("inf")
    assert np.isnan(psnr(picture, picture + 1, peak=1, where=np.zeros((3, 3), bool)))


def test_inside_and_overall_are_told_apart_and_pooled_over_the_set() -> None:
    before = np.zeros((2, 3, 10, 10), np.float32)
    after = before.copy()
    masks = np.zeros((2, 10, 10), bool)
    masks[0, :5] = True  # the second window has no defect
    after[0, :, :5] = 0.2
    after[1] = 0.02
    score = measure_psnr(before, after, masks, peak=2.0)
    assert score.inside == pytest.approx(20.0, abs=1e-3)
    pooled = (0.2**2 * 50 + 0.02**2 * 100) / 200
    assert score.overall == pytest.approx(10 * np.log10(4 / pooled), abs=1e-3)


@pytest.mark.parametrize("other, peak", [(np.zeros((3, 4)), 1.0), (np.zeros((3, 3)), 0.0)])
def test_another_shape_or_no_peak_is_refused(other: np.ndarray, peak: float) -> None:
    with pytest.raises(UsageError, match="reconstruction"):
        psnr(np.zeros((3, 3)), other, peak=peak)
