"""The learned prior: an encoder to a code z, and a decoder from z to the mean and log variance of the latent.

Method: LeDiFlow (2505.20723), the auxiliary prior model. Letters as in `nets/condition.py`; Z is the length of z.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from factory_gen.nets.blocks import Trunk
from factory_gen.nets.condition import MASK_CHANNELS, Conditions, TypeEmbedding

LOG_VAR_RANGE = (-5.0, 1.5)


@dataclass(frozen=True)
class PriorSettings:
    """What the prior is and how long it trains.

    Attributes:
        code_size: length Z of the code.
        code_grid: channels per token through which the code is read and written; 0 pools all tokens into the code and
            gives the decoder the code through its normalisations only. More than 0 lets z say what is where.
        width, depth, heads, patch: of the two transformers.
        local: channels of the convolutions beside the decoder's, 0 for none.
        beta: weight of the code's divergence from the standard normal.
        beta_nll: exponent of the variance that damps the loss of easy pixels (Seitzer 2022, 2203.09168).
        fixed_sigma_steps: steps at the start with sigma held at 1.
        beta_warmup_steps: steps over which beta rises to its value.
        whole_share: share of windows learned without surroundings.
        dropout: share of windows whose type is not told.
        steps, batch, learning_rate: of the training.
        share: share of the time budget.
    """

    code_size: int = 48
    code_grid: int = 0
    width: int = 192
    depth: int = 3
    heads: int = 6
    patch: int = 4
    local: int = 0
    beta: float = 1.0
    beta_nll: float = 0.25
    fixed_sigma_steps: int = 200
    beta_warmup_steps: int = 400
    whole_share: float = 0.4
    dropout: float = 0.1
    steps: int = 8000
    batch: int = 32
    learning_rate: float = 1e-3
    share: float = 0.18

    def __post_init__(self) -> None:
        for name in ("code_size", "width", "depth", "heads", "patch", "steps", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")
        if self.width % self.heads:
            raise ValueError(f"width {self.width} must be a multiple of heads {self.heads}")
        if self.code_grid < 0:
            raise ValueError(f"code_grid must not be negative, found {self.code_grid}")
        if self.beta < 0:
            raise ValueError(f"beta must not be negative, found {self.beta}")


class PriorModel(ModelMixin, ConfigMixin):
    """Encoder q(z | latent, conditions) and decoder to (mean, log variance), both transformers.

    Args:
        latent_channels: K.
        latent_size: h = w.
        kinds: number of defect types, good included.
        code_size, width, depth, heads, patch, code_grid, local: see `PriorSettings`.
    """

    config_name = "config.json"

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 8,
        latent_size: int = 32,
        kinds: int = 2,
        code_size: int = 48,
        width: int = 192,
        depth: int = 3,
        heads: int = 6,
        patch: int = 4,
        code_grid: int = 0,
        local: int = 0,
    ) -> None:
        super().__init__()
        maps = latent_channels + 1 + MASK_CHANNELS
        shape = {"size": latent_size, "patch": patch, "width": width, "depth": depth, "heads": heads}
        self.type_in = TypeEmbedding(kinds, width)
        self.type_out = TypeEmbedding(kinds, width)
        self.encoder = Trunk(in_channels=latent_channels + maps, out_channels=1, cond_width=width, **shape)
        self.encoder_norm = nn.LayerNorm(width)
        tokens = (latent_size // patch) ** 2
        self.to_code = nn.Linear(tokens * code_grid if code_grid else width, 2 * code_size)
        if code_grid:
            self.read = nn.Linear(width, code_grid)
            self.write = nn.Linear(code_size, tokens * code_grid)
            self.spread = nn.Linear(code_grid, width)
        self.from_code = nn.Sequential(nn.Linear(code_size, width), nn.SiLU(), nn.Linear(width, width))
        self.decoder = Trunk(
            in_channels=maps, out_channels=2 * latent_channels, cond_width=width, local=local, **shape
        )
        for unused in (self.encoder.head, self.encoder.skip, self.encoder.modulation):
            unused.requires_grad_(False)
        nn.init.normal_(self.to_code.weight, std=0.02)

    @property
    def code_size(self) -> int:
        """Length Z of the code."""
        return int(self.config["code_size"])

    def encode(self, latent_BKhw: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents to the mean and log variance of their code, each (B,Z) float32."""
        cond = self.type_in(conditions.kind, conditions.strength)
        _, tokens = self.encoder.tokens(torch.cat([latent_BKhw, conditions.maps], dim=1), cond)
        if self.config["code_grid"]:
            summary = self.read(self.encoder_norm(tokens)).flatten(1)
        else:
            summary = self.encoder_norm(tokens.mean(dim=1))
        mean, log_var = self.to_code(summary).float().chunk(2, dim=1)
        return mean, log_var.clamp(-8.0, 4.0)

    def decode(self, code_BZ: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes to the mean and log variance of each latent pixel, each (B,K,h,w) float32."""
        cond = self.type_out(conditions.kind, conditions.strength) + self.from_code(code_BZ)
        mean, raw = self.decoder(conditions.maps, cond, self._layout(code_BZ)).float().chunk(2, dim=1)
        low, high = LOG_VAR_RANGE
        # A soft clamp keeps a gradient at the ends, where a hard one would let sigma stick.
        return mean, low + (high - low) * torch.sigmoid(raw + 1.2)

    def _layout(self, code_BZ: torch.Tensor) -> torch.Tensor | None:
        """What the code says about each token (B,N,D); None for a code without a grid."""
        grid = self.config["code_grid"]
        if not grid:
            return None
        result: torch.Tensor = self.spread(self.write(code_BZ).unflatten(1, (-1, grid)))
        return result

    def forward(
        self, latent_BKhw: torch.Tensor, conditions: Conditions, noise_BZ: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Training pass: (mean, log variance) of the latent and (mean, log variance) of the code."""
        code_mean, code_log_var = self.encode(latent_BKhw, conditions)
        code = code_mean + (0.5 * code_log_var).exp() * noise_BZ
        return (*self.decode(code, conditions), code_mean, code_log_var)
