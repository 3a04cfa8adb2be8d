"""The explicit midpoint rule: two calls per step, second order."""

from __future__ import annotations

import torch

from factory_gen.matching.solvers.rule import Velocity


def midpoint(velocity: Velocity, x: torch.Tensor, t: float, dt: float) -> torch.Tensor:
    """``x + dt v(x + dt/2 v(x, t), t + dt/2)`` (Hairer, Norsett, Wanner, Solving ODEs I, II.1)."""
    half = x + 0.5 * dt * velocity(x, t)
    return x + dt * velocity(half, t + 0.5 * dt)
