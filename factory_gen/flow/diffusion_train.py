"""Trains the diffusion baseline on the flow's latent bank, with the flow's batches, conditions and loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from factory_gen.flow.diffusion import TRAIN_STEPS, check_no_code, predict_v, training_noise
from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.matching.loss import weighted_regression
from factory_gen.matching.times import draw_times
from factory_gen.training.latents import LatentBank, LatentBatch
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train


def train_diffusion(
    model: FlowModel,
    bank: LatentBank,
    settings: FlowSettings,
    loop: LoopSettings,
    folder: Path,
    *,
    resume: bool,
    report: Report,
) -> LoopResult:
    """Train `model` in place to predict v (see `factory_gen.flow.diffusion`).

    The source is N(0, 1), hence `source`, `prior_scale` and `weight` of the settings have no effect: with unit
    variance every weight is 1. The squared error of v, mean over the hole's cells, is the loss (2202.00512).

    Args:
        model: network to train, made with `use_code=False`.
        bank: latents to learn from, standardised per channel.
        settings: of the flow: steps, batch, rate, shares, and how times are drawn.
        loop: seed, device, precision and budget; steps and rate are taken from `settings`.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress.

    Raises:
        UsageError: the network wants a code.
    """
    check_no_code(model)
    loop = replace(loop, steps=settings.steps, learning_rate=settings.learning_rate)
    noise_process = training_noise()

    def draw(generator: torch.Generator) -> LatentBatch:
        return bank.draw(
            settings.batch, generator, whole_share=settings.whole_share, dropout=settings.dropout
        )

    def step(
        network: nn.Module, batch: LatentBatch, generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        latent, conditions = batch.latent, batch.conditions
        noise = torch.randn(latent.shape, generator=generator).to(latent.device)
        times = draw_times(settings.times, latent.shape[0], generator)
        timestep = ((1.0 - times) * TRAIN_STEPS).long().clamp(0, TRAIN_STEPS - 1).to(latent.device)
        noisy = noise_process.add_noise(latent, noise, timestep)
        target = noise_process.get_velocity(latent, noise, timestep)
        predicted = predict_v(network, noisy, timestep, conditions)
        return weighted_regression(predicted, target, torch.ones_like(target), conditions.hole), {}

    return train("diffusion", model, draw, step, loop, folder, resume=resume, report=report)
