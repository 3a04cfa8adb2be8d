"""The autoencoder at factor 4 and 8."""

from __future__ import annotations

import pytest
import torch

from factory_gen.autoencoder.model import AutoencoderSettings, PartAutoencoder


@pytest.mark.parametrize("factor, side", [(4, 16), (8, 8)])
@pytest.mark.parametrize("channels", [1, 3])
def test_latents_are_smaller_by_the_factor_and_windows_come_back_whole(
    factor: int, side: int, channels: int
) -> None:
    model = PartAutoencoder(
        channels=channels, latent_channels=5, width_half=16, width_quarter=16, blocks=1, factor=factor
    )
    windows = torch.rand(2, channels, 64, 64) * 2 - 1
    latent = model.encode(windows)
    assert latent.shape == (2, 5, side, side)
    assert model.decode(latent).shape == windows.shape


def test_other_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="factor must be 4 or 8"):
        AutoencoderSettings(factor=16)
