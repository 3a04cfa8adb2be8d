"""Trains the grain network against a patch critic, on windows that the frozen autoencoder has smoothed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from factory_gen.autoencoder.grain import GrainNet, GrainSettings, PatchCritic, band_energies, draw_noise
from factory_gen.autoencoder.model import PartAutoencoder
from factory_gen.autoencoder.train import draw_batch
from factory_gen.images.dataset import WindowDraw
from factory_gen.seeds import derive, torch_generator
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train

PENALTY = 2.0
BAND_WEIGHT = 1.0


class _Pair(nn.Module):
    """Grain network and critic as one module, so that one optimiser and one loop train both.

    The critic's weights get the critic's loss and the grain network's weights get its own: each loss is computed
    with the other's weights frozen.
    """

    def __init__(self, grain: GrainNet, critic: PatchCritic) -> None:
        super().__init__()
        self.grain, self.critic = grain, critic

    def forward(
        self, real: torch.Tensor, decoded: torch.Tensor, noise: list[torch.Tensor], penalise: bool
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of (B,C,S,S) real and decoded crops: the critic's loss (B,), the grain's (B,), and its bands (B,4)."""
        fake = decoded + self.grain(decoded, noise)
        real = real.requires_grad_(penalise)
        score_real, score_fake = self.critic(real), self.critic(fake.detach())
        critic_loss = (F.relu(1 - score_real) + F.relu(1 + score_fake)).mean(dim=(1, 2, 3))
        if penalise:
            (slope,) = torch.autograd.grad(score_real.float().sum(), real, create_graph=True)
            critic_loss = critic_loss + PENALTY * slope.square().mean(dim=(1, 2, 3))
        for parameter in self.critic.parameters():
            parameter.requires_grad_(False)
        fool = -self.critic(fake).mean(dim=(1, 2, 3))
        for parameter in self.critic.parameters():
            parameter.requires_grad_(True)
        return critic_loss, fool, band_energies(fake)


def train_grain(
    grain: GrainNet,
    autoencoder: PartAutoencoder,
    windows: WindowDraw,
    settings: GrainSettings,
    loop: LoopSettings,
    folder: Path,
    *,
    resume: bool,
    report: Report,
    bank: int = 1024,
) -> LoopResult:
    """Train `grain` in place (see the module's docstring).

    Args:
        grain: network to train.
        autoencoder: trained, stays as it is.
        windows: where real windows come from.
        settings: of the grain network.
        loop: seed, device, precision and budget.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress.
        bank: number of windows that are decoded once and cropped from in every step.
    """
    loop = replace(
        loop,
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        weight_decay=0.0,
        clip=10.0,
        ema=0.995,
    )
    generator = torch_generator(loop.seed, "grain-bank")
    real = torch.cat([draw_batch(windows, 32, generator)[0] for _ in range(bank // 32)])
    with torch.no_grad():
        device = autoencoder.latent_mean.device
        chunks = [autoencoder.decode(autoencoder.encode(chunk.to(device))).cpu() for chunk in real.split(32)]
    decoded = torch.cat(chunks)
    with torch.random.fork_rng():
        torch.manual_seed(derive(loop.seed, "weights", "critic"))
        critic = PatchCritic(real.shape[1], settings.critic_width)
    pair = _Pair(grain, critic).to(memory_format=torch.channels_last)
    crop = min(settings.crop, real.shape[-1])

    def draw(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        picks = torch.randint(real.shape[0], (settings.batch,), generator=generator)
        corners = torch.randint(real.shape[-1] - crop + 1, (settings.batch, 2), generator=generator)
        cuts = [
            (i, slice(y, y + crop), slice(x, x + crop))
            for i, (y, x) in zip(picks.tolist(), corners.tolist(), strict=True)
        ]
        return (
            torch.stack([real[i, :, ys, xs] for i, ys, xs in cuts]),
            torch.stack([decoded[i, :, ys, xs] for i, ys, xs in cuts]),
            draw_noise(settings.batch, crop, generator),
        )

    def step(
        network: nn.Module,
        batch: tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]],
        generator: torch.Generator,
        done: int,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        device = next(network.parameters()).device
        penalise = bool(torch.rand(1, generator=generator) < 0.125)
        real = batch[0].to(device)
        critic, fool, bands = network(
            real, batch[1].to(device), [one.to(device) for one in batch[2]], penalise
        )
        missed = (bands.mean(dim=0) - band_energies(real.detach()).mean(dim=0)).abs().sum()
        loss = critic.mean() + fool.mean() + BAND_WEIGHT * missed
        return loss, {"critic": float(critic.detach().mean()), "bands": float(missed.detach())}

    return train("grain", pair, draw, step, loop, folder, resume=resume, report=report)
