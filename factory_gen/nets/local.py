"""Convolutions beside a transformer: texture is local, and 3 x 3 kernels learn it in far fewer steps than attention.

Shape letters: B batch, C channels of the maps, F features from the tokens, D length of the condition, h w latent size.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

FEATURES = 16


class LocalPath(nn.Module):
    """Three 3 x 3 convolutions over the maps and the tokens' features, scaled and shifted by the condition.

    Adds nothing until trained: its last layer starts at zero.

    Args:
        in_channels: C.
        out_channels: channels given out.
        width: channels between the convolutions.
        cond_width: D.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int, cond_width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels + FEATURES, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, out_channels, 3, padding=1)
        self.modulation = nn.Linear(cond_width, 4 * width)
        for layer in (self.modulation, self.last):
            nn.init.zeros_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(
        self, maps_BChw: torch.Tensor, features_BFhw: torch.Tensor, cond_BD: torch.Tensor
    ) -> torch.Tensor:
        """(B,C,h,w), (B,F,h,w) and (B,D) to (B,out_channels,h,w)."""
        told = self.modulation(F.silu(cond_BD))[:, :, None, None].chunk(4, dim=1)
        x = self.first(torch.cat([maps_BChw.to(features_BFhw.dtype), features_BFhw], dim=1))
        x = self.second(F.silu(x * (1 + told[0]) + told[1]))
        result: torch.Tensor = self.last(F.silu(x * (1 + told[2]) + told[3]))
        return result
