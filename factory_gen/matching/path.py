"""The straight path from prior to data: where x_t lies and which velocity it has (2210.02747, with any source)."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class PathSample:
    """Points on the path.

    Attributes:
        x_0: source, (B,...).
        x_1: data, (B,...).
        t: (B,) in [0,1], 0 at the source.
        x_t: (B,...) ``(1 - t) x_0 + t x_1``.
        dx_t: (B,...) velocity ``x_1 - x_0``.
    """

    x_0: torch.Tensor
    x_1: torch.Tensor
    t: torch.Tensor
    x_t: torch.Tensor
    dx_t: torch.Tensor


def straight_path(x_0: torch.Tensor, x_1: torch.Tensor, t_B: torch.Tensor) -> PathSample:
    """Points at times `t_B` on the lines from `x_0` to `x_1`, all (B,...)."""
    t = t_B.reshape(-1, *([1] * (x_0.ndim - 1)))
    return PathSample(x_0=x_0, x_1=x_1, t=t_B, x_t=(1 - t) * x_0 + t * x_1, dx_t=x_1 - x_0)
