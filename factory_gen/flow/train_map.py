"""Tunes a trained flow into a flow map: one network for 1, 2, 4, ... calls (improved MeanFlow, 2505.13447, 2512.02012).

The velocity that the network's average velocity stands for is compared with the path's own velocity, as in plain flow
matching. Windows with r = t are plain flow matching.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.flow.source import Decode, Source, SourceRule
from factory_gen.flow.train import Encode
from factory_gen.matching.flow_map import Jumps, draw_jumps, implied_velocity, rate_of_change
from factory_gen.matching.loss import even_out, importance_weight, sample_errors
from factory_gen.matching.path import straight_path
from factory_gen.nets.condition import Conditions
from factory_gen.training.latents import LatentBank, LatentBatch
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train


def train_flow_map(
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
    """Train `model` in place; start it from a trained velocity with `FlowModel.start_from`.

    Args:
        model: network with spans.
        bank: latents to learn from.
        encode: the frozen prior's encoder, latents to (mean, log variance) of z.
        decode: the frozen prior's decoder, z to (mean, log variance) of the latent.
        source_rule: where paths start.
        settings: of the flow; steps and rate are `map_steps` and `map_learning_rate`.
        loop: seed, device, precision and budget.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress; figures are ``velocity_error`` and ``jump_error``, mean weighted squared errors.
    """
    loop = replace(loop, steps=settings.map_steps, learning_rate=settings.map_learning_rate)

    def draw(generator: torch.Generator, rank: int) -> LatentBatch:
        return bank.draw(
            settings.batch, generator, whole_share=settings.whole_share, dropout=settings.dropout
        )

    def step(
        network: nn.Module, batch: LatentBatch, generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        latent, conditions = batch.latent, batch.conditions
        with torch.no_grad():
            code_mean, code_log_var = encode(latent, conditions)
            code_noise = torch.randn(code_mean.shape, generator=generator).to(latent.device)
            code = code_mean + (0.5 * code_log_var).exp() * code_noise
            source = source_rule(decode, code, conditions)
            x_0 = source.sample(torch.randn(latent.shape, generator=generator).to(latent.device))
        jumps = draw_jumps(
            latent.shape[0],
            generator,
            jump_share=settings.jump_share,
            landing_share=settings.landing_share,
        ).to(latent.device)
        path = straight_path(x_0, latent, jumps.t)
        told = (source.mean, source.log_var, code, conditions)
        average = network(path.x_t, jumps.t, *told, jumps.r - jumps.t)
        count = round(settings.jump_share * latent.shape[0])
        rate = _rate(model, path.x_t, jumps, source, code, conditions, count)
        error = sample_errors(
            implied_velocity(average, rate, jumps.t, jumps.r),
            path.dx_t,
            importance_weight(settings.weight, source.log_var),
            conditions.hole,
        )
        return even_out(error, settings.adaptive).mean(), _figures(error.detach(), count)

    return train("flow-map", model, draw, step, loop, folder, resume=resume, report=report)


def _rate(
    model: FlowModel,
    x_t: torch.Tensor,
    jumps: Jumps,
    source: Source,
    code: torch.Tensor,
    conditions: Conditions,
    count: int,
) -> torch.Tensor:
    """du/dt (B,K,h,w) along the network's own velocity; 0 for all but the first `count` samples, which jump."""
    rate = torch.zeros_like(x_t)
    if count == 0:
        return rate
    rows = slice(0, count)
    told = (source.mean[rows], source.log_var[rows], code[rows], conditions.part(rows))

    def average(x: torch.Tensor, t: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = model(x, t, *told, r - t)
        return result

    with torch.no_grad():
        velocity: torch.Tensor = model(x_t[rows], jumps.t[rows], *told)
    rate[rows] = rate_of_change(average, x_t[rows], jumps.t[rows], jumps.r[rows], velocity)
    return rate


def _figures(error: torch.Tensor, count: int) -> dict[str, float]:
    jump, plain = error[:count], error[count:]
    parts: dict[str, torch.Tensor] = {"velocity_error": plain, "jump_error": jump}
    return {name: float(part.mean()) for name, part in parts.items() if len(part)}
