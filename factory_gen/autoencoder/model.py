"""The autoencoder: windows in [-1,1] to standardised latents and back, four or eight times smaller per side.

Trained on the plant's own windows; small enough for a CPU. A local diffusers `AutoencoderTiny` can stand in
(see `autoencoder/checkpoint.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional as F

FACTORS = (4, 8)


@dataclass(frozen=True)
class AutoencoderSettings:
    """What the autoencoder is and how long it trains.

    Attributes:
        factor: pixels per latent pixel and side, 4 or 8. Eight leaves fine grain out of the latent, which makes it
            easier to predict; four keeps small defects sharp.
        latent_channels: channels K of the latent.
        width_half: channels at twice the latent's size.
        width_quarter: channels at the latent's size.
        blocks: residual blocks at the latent's size, in the encoder and in the decoder each.
        latent_noise: spread of the noise put on latents in training, so that neighbours decode alike.
        mask_weight: weight of pixels in small masks against all others.
        steps, batch, learning_rate: of the training.
        share: share of the time budget.
        checkpoint: folder of a diffusers AutoencoderTiny to use instead of training; empty to train.
    """

    factor: int = 4
    latent_channels: int = 8
    width_half: int = 24
    width_quarter: int = 64
    blocks: int = 3
    latent_noise: float = 0.05
    mask_weight: float = 3.0
    steps: int = 6000
    batch: int = 16
    learning_rate: float = 2e-3
    share: float = 0.25
    checkpoint: str = ""

    def __post_init__(self) -> None:
        for name in ("latent_channels", "width_half", "width_quarter", "blocks", "steps", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")
        if self.factor not in FACTORS:
            raise ValueError(f"factor must be 4 or 8, found {self.factor}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must lie between 0 and 1, found {self.learning_rate}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must lie between 0 and 1, found {self.share}")


class Residual(nn.Module):
    """Two 3 x 3 convolutions around a nonlinearity, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.conv_1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B,C,h,w) in and out."""
        result: torch.Tensor = x + self.conv_2(F.silu(self.conv_1(F.silu(self.norm(x)))))
        return result


class PartAutoencoder(ModelMixin, ConfigMixin):
    """Convolutional autoencoder with a pixel shuffle at either end.

    Latents are squeezed by ``3 tanh(x / 3)`` so that no single pixel can carry an outlier, and are given out
    standardised per channel by the mean and spread measured after training (buffers).
    """

    config_name = "config.json"

    @register_to_config
    def __init__(
        self,
        channels: int = 1,
        latent_channels: int = 8,
        width_half: int = 24,
        width_quarter: int = 64,
        blocks: int = 3,
        factor: int = 4,
    ) -> None:
        super().__init__()
        self.factor = factor
        shuffle = factor // 2
        pixels = channels * shuffle * shuffle
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(shuffle),
            nn.Conv2d(pixels, width_half, 3, padding=1),
            Residual(width_half),
            nn.Conv2d(width_half, width_quarter, 4, stride=2, padding=1),
            *[Residual(width_quarter) for _ in range(blocks)],
            nn.Conv2d(width_quarter, latent_channels, 3, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent_channels, width_quarter, 3, padding=1),
            *[Residual(width_quarter) for _ in range(blocks)],
            nn.Conv2d(width_quarter, 4 * width_half, 3, padding=1),
            nn.PixelShuffle(2),
            Residual(width_half),
            nn.Conv2d(width_half, pixels, 3, padding=1),
            nn.PixelShuffle(shuffle),
        )
        self.register_buffer("latent_mean", torch.zeros(latent_channels))
        self.register_buffer("latent_std", torch.ones(latent_channels))
        self.latent_mean: torch.Tensor
        self.latent_std: torch.Tensor

    @property
    def latent_channels(self) -> int:
        """Channels K of the latent."""
        return int(self.config["latent_channels"])

    def encode(self, windows_BCHW: torch.Tensor) -> torch.Tensor:
        """Windows (B,C,H,W) in [-1,1] to standardised latents (B,K,H/f,W/f), float32, f the factor."""
        raw = self._squeeze(self.encoder(windows_BCHW)).float()
        return (raw - self.latent_mean[:, None, None]) / self.latent_std[:, None, None]

    def decode(self, latent_BKhw: torch.Tensor) -> torch.Tensor:
        """Standardised latents (B,K,h,w) to windows (B,C,fh,fw) in about [-1,1], float32."""
        raw = latent_BKhw * self.latent_std[:, None, None] + self.latent_mean[:, None, None]
        result: torch.Tensor = self.decoder(raw).float()
        return result

    def forward(self, windows_BCHW: torch.Tensor, noise_BKhw: torch.Tensor) -> torch.Tensor:
        """Encode, disturb by `noise_BKhw`, decode: the training pass, on raw latents."""
        result: torch.Tensor = self.decoder(self._squeeze(self.encoder(windows_BCHW)) + noise_BKhw)
        return result

    @staticmethod
    def _squeeze(latent: torch.Tensor) -> torch.Tensor:
        return 3.0 * torch.tanh(latent.float() / 3.0)
