"""How training times are drawn."""

from __future__ import annotations

import torch

from factory_gen.checks import check_choice


def uniform(batch: int, generator: torch.Generator) -> torch.Tensor:
    """(B,) even over [0,1], one time per stratum so that a batch covers the path."""
    offset = torch.rand(batch, generator=generator)
    return ((torch.arange(batch) + offset) / batch)[torch.randperm(batch, generator=generator)]


def logit_normal(batch: int, generator: torch.Generator) -> torch.Tensor:
    """(B,) dense in the middle of the path (2403.03206)."""
    return torch.sigmoid(torch.randn(batch, generator=generator))


TIMES = {"uniform": uniform, "logit-normal": logit_normal}


def draw_times(kind: str, batch: int, generator: torch.Generator) -> torch.Tensor:
    """(B,) times in [0,1] by the rule named `kind` (see `TIMES`)."""
    check_choice(kind, TIMES, "times")
    return TIMES[kind](batch, generator)
