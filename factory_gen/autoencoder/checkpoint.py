"""A local diffusers `AutoencoderTiny` in place of the plant's own autoencoder."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.modeling_utils import ModelMixin

from factory_gen.autoencoder.train import draw_batch, measure_latents
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import WindowDraw
from factory_gen.seeds import torch_generator


class TinyAutoencoder(ModelMixin, ConfigMixin):
    """`AutoencoderTiny` behind the interface of `PartAutoencoder`; a grey part is shown to it as three equal channels.

    Args:
        tiny_config: configuration of the wrapped network.
        channels: of the part's windows.
    """

    config_name = "config.json"

    @register_to_config
    def __init__(self, tiny_config: dict[str, object] | None = None, channels: int = 1) -> None:
        super().__init__()
        self.tiny = AutoencoderTiny.from_config(tiny_config or {})
        latent = int(self.tiny.config["latent_channels"])
        self.factor = 2 ** sum(1 for count in self.tiny.config["num_encoder_blocks"][1:])
        self.register_buffer("latent_mean", torch.zeros(latent))
        self.register_buffer("latent_std", torch.ones(latent))
        self.latent_mean: torch.Tensor
        self.latent_std: torch.Tensor

    @property
    def latent_channels(self) -> int:
        """Channels K of the latent."""
        return int(self.tiny.config["latent_channels"])

    def encode(self, windows_BCHW: torch.Tensor) -> torch.Tensor:
        """Windows (B,C,H,W) in [-1,1] to standardised latents (B,K,h,w)."""
        colour = windows_BCHW.expand(-1, 3, -1, -1) if windows_BCHW.shape[1] == 1 else windows_BCHW
        raw = self.tiny.encode(colour).latents
        return (raw - self.latent_mean[:, None, None]) / self.latent_std[:, None, None]

    def decode(self, latent_BKhw: torch.Tensor) -> torch.Tensor:
        """Standardised latents to windows (B,C,H,W) in [-1,1]."""
        raw = latent_BKhw * self.latent_std[:, None, None] + self.latent_mean[:, None, None]
        colour: torch.Tensor = self.tiny.decode(raw).sample
        return colour.mean(dim=1, keepdim=True) if self.config["channels"] == 1 else colour


def load_tiny(folder: Path, windows: WindowDraw, seed: int) -> TinyAutoencoder:
    """Load an `AutoencoderTiny` folder (safetensors and config.json) and measure its latents on the part's windows.

    Raises:
        InputRefused: no such model in the folder.
    """
    try:
        tiny = AutoencoderTiny.from_pretrained(
            folder, local_files_only=True, low_cpu_mem_usage=False, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise InputRefused(
            expected=f"a diffusers AutoencoderTiny (config.json and safetensors) in {folder}",
            found=str(error).splitlines()[0],
            action="Give the folder of such a model, or leave autoencoder.checkpoint empty to train one.",
        ) from error
    model = TinyAutoencoder(tiny_config=dict(tiny.config), channels=windows.pictures.channels)
    model.tiny.load_state_dict(tiny.state_dict())
    model.eval().requires_grad_(False)
    measure_latents(
        model, lambda count: draw_batch(windows, count, torch_generator(seed, "latent-spread"))[0]
    )
    return model
