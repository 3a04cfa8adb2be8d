"""Exponential moving average of a network's weights."""

from __future__ import annotations

import torch
from torch import nn


class Ema:
    """Keeps averaged copies of all floating weights and buffers.

    Args:
        model: network to follow.
        decay: final decay; early steps use ``(1 + n) / (10 + n)`` so that the start is forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Move the average a little towards the present weights after step number `step`."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, [p.detach() for p in model.parameters()], 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Put the averaged weights into the network."""
        for parameter, value in zip(model.parameters(), self.values, strict=True):
            parameter.copy_(value)
