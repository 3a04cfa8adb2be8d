"""One factor per defect, found by trying: the contrast asked for is met where the range allows it, signs count."""

from __future__ import annotations

import numpy as np
import pytest

from factory_gen.metrics.contrast import mask_contrast
from factory_gen.sampler.codes_choice import nearest_to_target
from factory_gen.sampler.gain import Wanted, scaled

SIZE = (64, 64)


def wanted(target: float | None, shift: float | None = None) -> Wanted:
    mask = np.zeros(SIZE, dtype=bool)
    mask[24:40, 24:40] = True
    canvas = np.random.default_rng(2).normal(0, 0.05, (*SIZE, 1)).astype(np.float32)
    return Wanted(canvas, mask, mask.astype(np.float32), np.ones(SIZE, dtype=bool), target, shift)


def darker(step: float) -> np.ndarray:
    return np.full((*SIZE, 1), -step, dtype=np.float32)


@pytest.mark.parametrize("off", [0.75, 0.9, 1.1, 1.4])
def test_a_contrast_within_reach_is_met(off: float) -> None:
    plain = wanted(None)
    difference = darker(0.06)
    target = mask_contrast(plain.canvas + off * plain.weight[:, :, None] * difference, plain.mask)
    one = wanted(target)
    result = scaled(one, difference, 1.5)
    assert mask_contrast(result, one.mask) == pytest.approx(target, rel=0.06)


@pytest.mark.parametrize(("gain", "low", "high"), [(1.0, 1.0, 1.0), (1.5, 1.49, 1.51)])
def test_the_factor_stays_within_the_gain(gain: float, low: float, high: float) -> None:
    one = wanted(50.0)
    change = (scaled(one, darker(0.1), gain) - one.canvas)[one.mask] / -0.1
    assert low - 1e-3 <= change.min()
    assert change.max() <= high + 1e-3


def test_outside_the_weight_nothing_changes_and_without_target_nothing_is_scaled() -> None:
    one = wanted(None)
    result = scaled(one, darker(0.1), 1.5)
    assert np.array_equal(result[~one.mask], one.canvas[~one.mask])
    assert np.allclose(result[one.mask], one.canvas[one.mask] - 0.1, atol=1e-6)


def test_the_right_sign_beats_the_right_contrast() -> None:
    differences = [darker(-0.2), darker(0.15)]
    plain = wanted(None)
    bright = plain.contrast(differences[0]).value
    assert nearest_to_target(wanted(bright), differences) == 0
    assert nearest_to_target(wanted(bright, shift=-3.0), differences) == 1
    assert nearest_to_target(plain, differences) == 0


def test_a_faint_defect_of_the_right_sign_is_not_driven_up() -> None:
    plain = wanted(None)
    difference = darker(0.08)
    target = mask_contrast(plain.canvas + 0.7 * plain.weight[:, :, None] * difference, plain.mask)
    # The type's typical step is twice as strong.
    shift = 2.0 * plain.contrast(difference).shift
    one = wanted(target, shift)
    assert mask_contrast(scaled(one, difference, 1.5), one.mask) == pytest.approx(target, rel=0.06)
