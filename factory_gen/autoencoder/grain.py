"""Sensor grain: what the autoencoder smooths away, drawn anew.

A small network turns a decoded window and fresh noise into a residual with the texture of the plant's own pictures.
It is trained against a patch critic with the hinge loss and a gradient penalty on real windows (Mescheder 2018,
"R1"), plus a term that holds the residual's band energies to the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class GrainSettings:
    """What the grain network is and how long it trains.

    Attributes:
        width: channels of the grain network.
        critic_width: channels of the critic's first layer.
        crop: side of the training crops in pixels.
        steps, batch, learning_rate: of the training.
        share: share of the time budget; 0 leaves grain out.
    """

    width: int = 16
    critic_width: int = 16
    crop: int = 64
    steps: int = 6000
    batch: int = 16
    learning_rate: float = 4e-4
    share: float = 0.12

    def __post_init__(self) -> None:
        for name in ("width", "critic_width", "crop", "steps", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must lie between 0 and 1, found {self.share}")


class GrainNet(ModelMixin, ConfigMixin):
    """(decoded window, noise) to a residual that is added to the window.

    Noise comes in at full, half and quarter resolution, so that grain of several sizes can be made.
    """

    config_name = "config.json"

    @register_to_config
    def __init__(self, channels: int = 1, width: int = 16) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels + 3, width, 5, padding=2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, padding=1),
            nn.LeakyReLU(0.2),
        )
        self.head = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.normal_(self.head.weight, std=1e-3)

    def forward(self, decoded_BCHW: torch.Tensor, noise: list[torch.Tensor]) -> torch.Tensor:
        """Residual (B,C,H,W), in the units of the window.

        Args:
            decoded_BCHW: window from the decoder, about [-1,1].
            noise: three standard normal maps from `draw_noise`.
        """
        size = decoded_BCHW.shape[-2:]
        maps = [noise[0], *(F.interpolate(n, size=size, mode="nearest") for n in noise[1:])]
        return 0.1 * self.head(self.body(torch.cat([decoded_BCHW, *maps], dim=1))).float()


def draw_noise(batch: int, size: int, generator: torch.Generator) -> list[torch.Tensor]:
    """Standard normal maps (B,1,S,S), (B,1,S/2,S/2) and (B,1,S/4,S/4)."""
    return [torch.randn(batch, 1, size // step, size // step, generator=generator) for step in (1, 2, 4)]


class PatchCritic(nn.Module):
    """Judges small overlapping patches of a window: real or restored."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(2 * channels, width, 5, padding=2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 3, padding=1),
        )

    def forward(self, windows_BCHW: torch.Tensor) -> torch.Tensor:
        """(B,C,H,W) to a map of scores (B,1,H/4,W/4)."""
        # The high-pass copy lets the first layer see grain without the part's brightness in the way.
        high = windows_BCHW - F.avg_pool2d(windows_BCHW, 5, stride=1, padding=2, count_include_pad=False)
        result: torch.Tensor = self.body(torch.cat([windows_BCHW, 8.0 * high], dim=1))
        return result


def band_energies(windows_BCHW: torch.Tensor) -> torch.Tensor:
    """Log energy of four octaves of detail, the mean over the quarters of each window: (B,4)."""
    logs, current = [], windows_BCHW
    for _ in range(4):
        smooth = F.avg_pool2d(current, 2)
        detail = current - F.interpolate(smooth, scale_factor=2, mode="nearest")
        logs.append((F.adaptive_avg_pool2d(detail.square(), 2) + 1e-6).log().mean(dim=(1, 2, 3)))
        current = smooth
    return torch.stack(logs, dim=1)
