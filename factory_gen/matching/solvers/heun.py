"""Heun's rule: two calls per step, second order."""

from __future__ import annotations

import torch

from factory_gen.matching.solvers.rule import Velocity


def heun(velocity: Velocity, x: torch.Tensor, t: float, dt: float) -> torch.Tensor:
    """Mean of the slopes at both ends (Hairer, Norsett, Wanner, Solving ODEs I, II.1)."""
    first = velocity(x, t)
    second = velocity(x + dt * first, t + dt)
    return x + 0.5 * dt * (first + second)
