"""Euler's rule: one call per step, first order."""

from __future__ import annotations

import torch

from factory_gen.matching.solvers.rule import Velocity


def euler(velocity: Velocity, x: torch.Tensor, t: float, dt: float) -> torch.Tensor:
    """``x + dt v(x, t)`` (Euler 1768)."""
    return x + dt * velocity(x, t)
