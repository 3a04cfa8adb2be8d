"""Shapes and standardised latents, the losses' truth, grain's bands, and a local AutoencoderTiny in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

from factory_gen.autoencoder.checkpoint import load_tiny
from factory_gen.autoencoder.grain import GrainNet, PatchCritic, band_energies, draw_noise
from factory_gen.autoencoder.loss import mask_weights, reconstruction_loss
from factory_gen.autoencoder.model import AutoencoderSettings, PartAutoencoder
from factory_gen.autoencoder.train import draw_batch, measure_latents
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import WindowDraw
from tests.factory_gen.sampler.tiny_model import tiny_pictures


@pytest.mark.parametrize("channels", [1, 3])
def test_latents_are_four_times_smaller_and_standardised(channels: int) -> None:
    torch.manual_seed(0)
    model = PartAutoencoder(
        channels=channels, latent_channels=4, width_half=8, width_quarter=16, blocks=1
    ).eval()
    windows = torch.rand(64, channels, 32, 32) * 2 - 1
    measure_latents(model, lambda count: windows)
    with torch.no_grad():
        latent = model.encode(windows)
        assert latent.shape == (64, 4, 8, 8)
        assert torch.allclose(latent.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4)
        assert torch.allclose(latent.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-3)
        assert model.decode(latent).shape == windows.shape


def test_the_loss_is_zero_on_equality_and_counts_small_masks_more() -> None:
    target = torch.zeros(1, 1, 16, 16)
    mask = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    mask[..., 4:6, 4:6] = True
    weight = mask_weights(mask, 3.0)
    assert float(reconstruction_loss(target, target, weight)) == 0
    inside, outside = target.clone(), target.clone()
    inside[..., 4, 4] = 0.5
    outside[..., 10, 10] = 0.5
    assert reconstruction_loss(inside, target, weight) > 2 * reconstruction_loss(outside, target, weight)
    assert float(mask_weights(torch.ones_like(mask), 3.0).max()) == 1


def test_bands_follow_the_energy_of_their_octave() -> None:
    noise = torch.randn(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    quiet, loud = band_energies(noise), band_energies(3 * noise)
    assert torch.allclose(loud - quiet, torch.full((4, 4), 2.197), atol=0.02)
    smooth = torch.nn.functional.avg_pool2d(noise, 9, stride=1, padding=4)
    assert (band_energies(smooth)[:, 0] < quiet[:, 0] - 3).all()


def test_grain_depends_on_its_noise_and_the_critic_scores_patches() -> None:
    torch.manual_seed(0)
    grain = GrainNet(channels=1, width=4).eval()
    decoded = torch.zeros(2, 1, 32, 32)
    first = grain(decoded, draw_noise(2, 32, torch.Generator().manual_seed(1)))
    again = grain(decoded, draw_noise(2, 32, torch.Generator().manual_seed(1)))
    other = grain(decoded, draw_noise(2, 32, torch.Generator().manual_seed(2)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert PatchCritic(1, 4)(decoded).shape == (2, 1, 8, 8)


def test_batches_hold_defects_and_good_windows_in_turn() -> None:
    windows = WindowDraw(tiny_pictures(), 32, ("flip-x",))
    pixels, masks = draw_batch(windows, 8, torch.Generator().manual_seed(0))
    assert pixels.shape == (8, 1, 32, 32)
    assert float(pixels.abs().max()) <= 1
    assert not masks[1::2].any()
    assert masks[0::2].flatten(1).any(dim=1).sum() >= 3


def test_a_local_autoencoder_tiny_can_stand_in(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tiny = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8), latent_channels=4
    )
    tiny.save_pretrained(tmp_path / "tiny")
    windows = WindowDraw(tiny_pictures(), 32, ())
    model = load_tiny(tmp_path / "tiny", windows, seed=0)
    pixels, _ = draw_batch(windows, 4, torch.Generator().manual_seed(0))
    with torch.no_grad():
        latent = model.encode(pixels)
        assert model.decode(latent).shape == pixels.shape
    assert latent.shape[-1] == 32 // model.factor
    with pytest.raises(InputRefused, match="AutoencoderTiny"):
        load_tiny(tmp_path / "nothing", windows, seed=0)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        AutoencoderSettings(steps=0)
    with pytest.raises(ValueError, match="learning_rate"):
        AutoencoderSettings(learning_rate=-1.0)
