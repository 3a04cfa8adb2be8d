"""What prior, flow and code sampler are told: surroundings, hole, defect mask, defect type and strength.

Shape letters: B batch, K latent channels, h w latent size; M = 4 mask channels (two by two cells per latent pixel).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional as F

from factory_gen.errors import UsageError
from factory_gen.nets.blocks import ScalarEmbedding

MASK_CHANNELS = 4


@dataclass(frozen=True)
class Conditions:
    """One batch of conditions.

    Attributes:
        context: (B,K,h,w) latent of the picture with the hole blanked; zeros for a whole window.
        hole: (B,1,h,w) 1 where the latent is to be made.
        mask: (B,M,h,w) share of defect pixels in each quarter of a latent pixel.
        kind: (B,) index of the defect type; 0 is good, the last index is "not told".
        strength: (B,) contrast rank in [0,1]; NaN is "not told".
    """

    context: torch.Tensor
    hole: torch.Tensor
    mask: torch.Tensor
    kind: torch.Tensor
    strength: torch.Tensor

    def __post_init__(self) -> None:
        batch, _, height, width = self.context.shape
        ok = self.hole.shape == (batch, 1, height, width) and self.mask.shape == (
            batch,
            MASK_CHANNELS,
            height,
            width,
        )
        if not ok or self.kind.shape != (batch,) or self.strength.shape != (batch,):
            raise UsageError(
                expected="context (B,K,h,w), hole (B,1,h,w), mask (B,4,h,w), kind (B,), strength (B,)",
                found=f"{[tuple(t.shape) for t in (self.context, self.hole, self.mask, self.kind, self.strength)]}",
                action="Build conditions with factory_gen.training.latents.",
            )

    @property
    def maps(self) -> torch.Tensor:
        """Everything that has a place: (B,K+1+M,h,w)."""
        return torch.cat([self.context, self.hole, self.mask], dim=1)

    def to(self, device: torch.device) -> Conditions:
        """The same on another device."""
        return Conditions(
            self.context.to(device),
            self.hole.to(device),
            self.mask.to(device),
            self.kind.to(device),
            self.strength.to(device),
        )

    def without_type(self, null_kind: int) -> Conditions:
        """The same with defect type and strength not told (for guidance)."""
        return replace(
            self,
            kind=torch.full_like(self.kind, null_kind),
            strength=torch.full_like(self.strength, float("nan")),
        )

    def repeat(self, times: int) -> Conditions:
        """Each item `times` times in a row: (B*times, ...)."""
        return Conditions(
            *(
                part.repeat_interleave(times, dim=0)
                for part in (self.context, self.hole, self.mask, self.kind, self.strength)
            )
        )

    def part(self, rows: slice) -> Conditions:
        """Some of the batch."""
        return Conditions(
            self.context[rows], self.hole[rows], self.mask[rows], self.kind[rows], self.strength[rows]
        )

    def pick(self, rows: torch.Tensor) -> Conditions:
        """Items of the batch by their numbers (n,)."""
        return Conditions(
            self.context[rows], self.hole[rows], self.mask[rows], self.kind[rows], self.strength[rows]
        )


class TypeEmbedding(nn.Module):
    """Defect type and strength to one vector (B,width)."""

    def __init__(self, kinds: int, width: int) -> None:
        super().__init__()
        self.kind = nn.Embedding(kinds + 1, width)
        self.strength = ScalarEmbedding(width)
        self.untold = nn.Parameter(torch.zeros(width))
        nn.init.normal_(self.kind.weight, std=0.5)

    def forward(self, kind_B: torch.Tensor, strength_B: torch.Tensor) -> torch.Tensor:
        """(B,) int and (B,) float (NaN = not told) to (B,width)."""
        told = ~torch.isnan(strength_B)
        value = self.strength(torch.nan_to_num(strength_B, nan=0.0))
        result: torch.Tensor = self.kind(kind_B) + torch.where(told[:, None], value, self.untold)
        return result


def pooled(conditions: Conditions, grid: int = 4) -> torch.Tensor:
    """Surroundings in short, for small networks: (B, (K+2)*grid*grid + 1)."""
    maps = torch.cat([conditions.context, conditions.hole, conditions.mask.mean(dim=1, keepdim=True)], dim=1)
    small = F.adaptive_avg_pool2d(maps, grid).flatten(1)
    area = conditions.mask.mean(dim=(1, 2, 3))[:, None].clamp_min(1e-5).log() / 5.0
    return torch.cat([small, area], dim=1)
