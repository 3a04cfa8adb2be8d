"""Trains the prior on a latent bank."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from factory_gen.prior.loss import code_divergence, prior_loss, variance_guided_loss
from factory_gen.prior.model import PriorModel, PriorSettings
from factory_gen.training.latents import LatentBank, LatentBatch
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train


def train_prior(
    model: PriorModel,
    bank: LatentBank,
    settings: PriorSettings,
    loop: LoopSettings,
    folder: Path,
    *,
    resume: bool,
    report: Report,
) -> LoopResult:
    """Train `model` in place.

    Args:
        model: network to train.
        bank: latents to learn from.
        settings: of the prior.
        loop: seed, device, precision and budget; steps and rate are taken from `settings`.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress; figures are ``divergence`` (nats), ``error`` (mean squared error in the hole) and
            ``calibration`` (mean of squared error over variance, 1 is right).
    """
    loop = replace(loop, steps=settings.steps, learning_rate=settings.learning_rate)

    def draw(generator: torch.Generator) -> LatentBatch:
        return bank.draw(
            settings.batch, generator, whole_share=settings.whole_share, dropout=settings.dropout
        )

    def step(
        network: nn.Module, batch: LatentBatch, generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        noise = torch.randn(settings.batch, model.code_size, generator=generator).to(batch.latent.device)
        mean, log_var, code_mean, code_log_var = network(batch.latent, batch.conditions, noise)
        if done < settings.fixed_sigma_steps:
            log_var = log_var * 0.0
        beta = settings.beta * min(1.0, done / max(1, settings.beta_warmup_steps))
        hole = batch.conditions.hole
        likelihood = variance_guided_loss(batch.latent, mean, log_var, hole, settings.beta_nll)
        divergence = code_divergence(code_mean, code_log_var)
        loss = prior_loss(likelihood, divergence, hole, batch.latent.shape[1], beta)
        return loss, _figures(batch, mean, log_var, divergence)

    return train("prior", model, draw, step, loop, folder, resume=resume, report=report)


@torch.no_grad()
def _figures(
    batch: LatentBatch, mean: torch.Tensor, log_var: torch.Tensor, divergence: torch.Tensor
) -> dict[str, float]:
    hole = batch.conditions.hole
    count = hole.sum() * batch.latent.shape[1]
    error = (batch.latent - mean).square() * hole
    return {
        "divergence": float(divergence.mean()),
        "error": float(error.sum() / count),
        "calibration": float((error * torch.exp(-log_var)).sum() / count),
    }
