"""Calibration of predictions whose true error is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from factory_gen.errors import UsageError
from factory_gen.metrics.calibration import calibration

SHAPE = (16, 4, 32, 32)


def drawn(true_sigma: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(SHAPE, generator=generator)
    return mean + true_sigma * torch.randn(SHAPE, generator=generator), mean


@pytest.mark.parametrize("stated, wanted", [(0.5, 1.0), (0.25, 4.0), (1.0, 0.25)])
@pytest.mark.parametrize("kind", ["torch", "numpy"])
def test_it_is_the_squared_ratio_of_true_to_stated_sigma(stated: float, wanted: float, kind: str) -> None:
    target, mean = drawn(0.5)
    log_var = torch.full(SHAPE, 2 * np.log(stated))
    if kind == "numpy":
        found = calibration(target.numpy(), mean.numpy(), log_var.numpy())
    else:
        found = calibration(target.requires_grad_(), mean, log_var)
    assert found == pytest.approx(wanted, rel=0.01)


def test_only_the_cells_asked_for_count() -> None:
    target, mean = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    target[:, :, :2] = 3.0
    hole = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    hole[:, :, :2] = True
    zero = torch.zeros_like(mean)
    assert calibration(target, mean, zero, hole) == pytest.approx(9.0)
    assert calibration(target, mean, zero, ~hole) == 0.0
    assert np.isnan(calibration(target, mean, zero, torch.zeros_like(hole)))


def test_bfloat16_is_understood() -> None:
    ones = torch.ones(2, 2, dtype=torch.bfloat16)
    assert calibration(ones, torch.zeros_like(ones), torch.zeros_like(ones)) == 1.0


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(UsageError, match="one shape"):
        calibration(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((3, 2)))
