"""Trains the flow on a latent bank, from the source that the recipe names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.flow.source import Decode, SourceRule
from factory_gen.matching.loss import importance_weight, weighted_regression
from factory_gen.matching.path import straight_path
from factory_gen.matching.times import draw_times
from factory_gen.nets.condition import Conditions
from factory_gen.training.latents import LatentBank, LatentBatch
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train

Encode = Callable[[torch.Tensor, Conditions], tuple[torch.Tensor, torch.Tensor]]


def train_flow(
    model: FlowModel,
    bank: LatentBank,
    encode: Encode,
    decode: Decode,
    source_rule: SourceRule,
    settings: FlowSettings,
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
        encode: the frozen prior's encoder, latents to (mean, log variance) of z.
        decode: the frozen prior's decoder, z to (mean, log variance) of the latent.
        source_rule: where paths start.
        settings: of the flow.
        loop: seed, device, precision and budget; steps and rate are taken from `settings`.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress.
    """
    loop = replace(loop, steps=settings.steps, learning_rate=settings.learning_rate)

    def draw(generator: torch.Generator) -> LatentBatch:
        return bank.draw(
            settings.batch, generator, whole_share=settings.whole_share, dropout=settings.dropout
        )

    def step(
        network: nn.Module, batch: LatentBatch, generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        latent, conditions = batch.latent, batch.conditions
        # The frozen prior runs in the training's precision: in float32 it would cost as much as the flow itself.
        fast = torch.autocast(latent.device.type, torch.bfloat16, enabled=loop.precision == "bf16")
        with torch.no_grad(), fast:
            code = torch.zeros(latent.shape[0], model.code_size, device=latent.device)
            if settings.use_code:
                code_mean, code_log_var = encode(latent, conditions)
                code_noise = torch.randn(code_mean.shape, generator=generator).to(latent.device)
                code = code_mean + (0.5 * code_log_var).exp() * code_noise
            source = source_rule(decode, code, conditions)
            x_0 = source.sample(torch.randn(latent.shape, generator=generator).to(latent.device))
        t = draw_times(settings.times, latent.shape[0], generator).to(latent.device)
        path = straight_path(x_0, latent, t)
        velocity = network(path.x_t, t, source.mean, source.log_var, code, conditions)
        weight = importance_weight(settings.weight, source.log_var)
        return weighted_regression(velocity, path.dx_t, weight, conditions.hole), {}

    return train("flow", model, draw, step, loop, folder, resume=resume, report=report)
