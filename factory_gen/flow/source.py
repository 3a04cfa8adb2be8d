"""Where the path starts: the learned prior, or a Gaussian for the baselines. One function, chosen by the recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from factory_gen.nets.condition import Conditions

Decode = Callable[[torch.Tensor, Conditions], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Source:
    """Mean and log variance of x_0, both (B,K,h,w); the log variance holds the scale s already."""

    mean: torch.Tensor
    log_var: torch.Tensor

    def sample(self, noise_BKhw: torch.Tensor) -> torch.Tensor:
        """``x_0 = mean + sigma * noise``."""
        return self.mean + (0.5 * self.log_var).exp() * noise_BKhw


@dataclass(frozen=True)
class SourceRule:
    """How x_0 is distributed.

    Attributes:
        kind: "learned", "gaussian" or "gaussian-data".
        scale: factor s on sigma.
        data_mean, data_log_var: (K,h,w) of the training latents, used by "gaussian-data".
    """

    kind: str
    scale: float
    data_mean: torch.Tensor
    data_log_var: torch.Tensor

    def __call__(self, decode: Decode, code_BZ: torch.Tensor, conditions: Conditions) -> Source:
        """The source for codes (B,Z) under `conditions`; `decode` is the prior's decoder."""
        shift = 2.0 * torch.tensor(self.scale).log().item()
        if self.kind == "learned":
            mean, log_var = decode(code_BZ, conditions)
            return Source(mean, log_var + shift)
        if self.kind == "gaussian-data":
            shape = conditions.context.shape
            device = conditions.context.device
            mean = self.data_mean.to(device).expand(shape)
            return Source(mean, self.data_log_var.to(device).expand(shape) + shift)
        zeros = torch.zeros_like(conditions.context)
        return Source(zeros, zeros + shift)
