"""Following a flow map: one call per jump, no error of its own."""

from __future__ import annotations

import torch

from factory_gen.matching.solvers.rule import Velocity


def flow_map(velocity: Velocity, x: torch.Tensor, t: float, dt: float) -> torch.Tensor:
    """``x_r = x_t + (r - t) u(x_t, t, r)``, r = t + dt (2505.13447); `velocity` is the average over jumps of dt."""
    return x + dt * velocity(x, t)
