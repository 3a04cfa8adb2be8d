"""Does the prior know how wrong it is? mean((y - mu)^2 / sigma^2), which is 1 when its sigma is honest."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from factory_gen.errors import UsageError

Array = TypeVar("Array", Tensor, np.ndarray)


def calibration(target: Array, mean: Array, log_var: Array, where: Array | None = None) -> float:
    """Mean squared error in units of the predicted variance: above 1 the prior is too sure, below 1 too timid.

    Args:
        target, mean, log_var: latents of one shape, such as (B,K,h,w), all torch or all numpy; log_var = ln sigma^2.
        where: bool, broadcastable to that shape, such as (B,1,h,w); only the cells that are True count.

    Returns:
        The mean, >= 0; nan when no cell counts.

    Raises:
        UsageError: the shapes differ.
    """
    if not target.shape == mean.shape == log_var.shape:
        raise UsageError(
            expected="target, mean and log variance of one shape",
            found=f"{tuple(target.shape)}, {tuple(mean.shape)}, {tuple(log_var.shape)}",
            action="Give the latents that the prior was asked to explain.",
        )
    squares = (_float64(target) - _float64(mean)) ** 2 * np.exp(-_float64(log_var))
    if where is not None:
        squares = squares[np.broadcast_to(_plain(where).astype(bool), squares.shape)]
    return float(squares.mean()) if squares.size else float("nan")


def _float64(values: Tensor | np.ndarray) -> np.ndarray:
    return _plain(values).astype(np.float64)


def _plain(values: Tensor | np.ndarray) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        # numpy knows no bfloat16, which half-precision training may hand in.
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    return values
