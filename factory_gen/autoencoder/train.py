"""Trains the autoencoder on random windows and measures the spread of its latents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from factory_gen.autoencoder.loss import mask_weights, reconstruction_loss
from factory_gen.autoencoder.model import AutoencoderSettings, PartAutoencoder
from factory_gen.images.dataset import WindowDraw
from factory_gen.images.windows import stack
from factory_gen.seeds import numpy_from, numpy_generator
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train


def draw_batch(
    windows: WindowDraw, batch: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Half defective, half good windows: ((B,C,S,S) float32, (B,1,S,S) bool)."""
    rng = numpy_from(generator)
    has_defects = len(windows.pictures.types) > 1
    drawn = [
        windows.defect(rng) if has_defects and index % 2 == 0 else windows.good(rng) for index in range(batch)
    ]
    masks = torch.stack([torch.from_numpy(one.mask)[None] for one in drawn])
    return stack([one.pixels for one in drawn]), masks


def train_autoencoder(
    model: PartAutoencoder,
    windows: WindowDraw,
    settings: AutoencoderSettings,
    loop: LoopSettings,
    folder: Path,
    *,
    resume: bool,
    report: Report,
) -> LoopResult:
    """Train `model` in place, then set its latent mean and spread from fresh windows.

    Args:
        model: network to train.
        windows: where the training windows come from.
        settings: of the autoencoder.
        loop: seed, device, precision and budget; steps and rate are taken from `settings`.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress.
    """
    loop = replace(loop, steps=settings.steps, learning_rate=settings.learning_rate, weight_decay=1e-4)
    model.to(memory_format=torch.channels_last)

    def draw(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        return draw_batch(windows, settings.batch, generator)

    def step(
        network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        device = next(network.parameters()).device
        pixels, masks = batch[0].to(device, memory_format=torch.channels_last), batch[1].to(device)
        size = pixels.shape[-1] // model.factor
        shape = (pixels.shape[0], model.latent_channels, size, size)
        noise = settings.latent_noise * torch.randn(shape, generator=generator).to(device)
        out = network(pixels, noise)
        return reconstruction_loss(out, pixels, mask_weights(masks, settings.mask_weight)), {}

    result = train("autoencoder", model, draw, step, loop, folder, resume=resume, report=report)
    measure_latents(model, lambda count: draw_batch(windows, count, _measure_generator(loop.seed))[0])
    return result


def _measure_generator(seed: int) -> torch.Generator:
    rng = numpy_generator(seed, "latent-spread")
    return torch.Generator().manual_seed(int(rng.integers(2**62)))


@torch.no_grad()
def measure_latents(model: PartAutoencoder, draw: Callable[[int], torch.Tensor]) -> None:
    """Set `latent_mean` and `latent_std` (K,) from 256 windows drawn by `draw`."""
    model.latent_mean.zero_()
    model.latent_std.fill_(1.0)
    device = model.latent_mean.device
    latents = torch.cat([model.encode(chunk.to(device)) for chunk in draw(256).split(32)])
    model.latent_mean.copy_(latents.mean(dim=(0, 2, 3)))
    model.latent_std.copy_(latents.std(dim=(0, 2, 3)).clamp_min(1e-3))
