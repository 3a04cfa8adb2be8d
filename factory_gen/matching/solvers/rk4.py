"""The classical Runge-Kutta rule: four calls per step, fourth order."""

from __future__ import annotations

import torch

from factory_gen.matching.solvers.rule import Velocity


def rk4(velocity: Velocity, x: torch.Tensor, t: float, dt: float) -> torch.Tensor:
    """Kutta's rule of 1901 (Hairer, Norsett, Wanner, Solving ODEs I, II.1)."""
    first = velocity(x, t)
    second = velocity(x + 0.5 * dt * first, t + 0.5 * dt)
    third = velocity(x + 0.5 * dt * second, t + 0.5 * dt)
    fourth = velocity(x + dt * third, t + dt)
    return x + dt / 6.0 * (first + 2.0 * second + 2.0 * third + fourth)
