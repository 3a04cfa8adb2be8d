"""How training times are drawn."""

from __future__ import annotations

import math

import torch

from factory_gen.checks import check_choice


def uniform(batch: int, generator: torch.Generator) -> torch.Tensor:
    """(B,) even over [0,1], one time per stratum so that a batch covers the path."""
    offset = torch.rand(batch, generator=generator)
    return ((torch.arange(batch) + offset) / batch)[torch.randperm(batch, generator=generator)]


def logit_normal(batch: int, generator: torch.Generator) -> torch.Tensor:
    """(B,) dense in the middle of the path (2403.03206)."""
    return torch.sigmoid(torch.randn(batch, generator=generator))


def u_shaped(batch: int, generator: torch.Generator, steepness: float = 4.0) -> torch.Tensor:
    """(B,) dense at both ends: density ``cosh(a (t - 1/2))``, for straight paths (2405.20320)."""
    even = 2.0 * uniform(batch, generator) - 1.0
    return 0.5 + torch.asinh(even * math.sinh(0.5 * steepness)) / steepness


TIMES = {"uniform": uniform, "logit-normal": logit_normal, "u-shaped": u_shaped}


def draw_times(kind: str, batch: int, generator: torch.Generator) -> torch.Tensor:
    """(B,) times in [0,1] by the rule named `kind` (see `TIMES`)."""
    check_choice(kind, TIMES, "times")
    return TIMES[kind](batch, generator)
