"""Tunes a trained flow into a flow map: one network for 1, 2, 4, ... calls (improved MeanFlow, 2505.13447, 2512.02012).

The velocity that the network's average velocity stands for is compared with the path's own velocity, as in plain flow
matching, or with that of the flow it started from, which has no noise. Windows with r = t learn the velocity itself.
"""

from __future__ import annotations

from copy import deepcopy
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
        model: network with spans. With the target "flow" it must come as the trained flow, also when resuming.
        bank: latents to learn from.
        encode: the frozen prior's encoder, latents to (mean, log variance) of z.
        decode: the frozen prior's decoder, z to (mean, log variance) of the latent.
        source_rule: where paths start.
        settings: of the flow; steps and rate are `tuning_steps` and `tuning_rate`.
        loop: seed, device, precision and budget.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress; figures are ``velocity_error`` and ``jump_error``, mean weighted squared errors.
    """
    loop = replace(loop, steps=settings.tuning_steps, learning_rate=settings.tuning_rate)
    teacher = deepcopy(model).eval().requires_grad_(False) if settings.map_target == "flow" else None

    def draw(generator: torch.Generator) -> LatentBatch:
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
        count = round(settings.jump_share * latent.shape[0])
        jumps = draw_jumps(
            latent.shape[0], generator, jumping=count, landing_share=settings.landing_share
        ).to(latent.device)
        path = straight_path(x_0, latent, jumps.t)
        told = _Told(source, code, conditions)
        average = told.ask(network, path.x_t, jumps.t, jumps.r - jumps.t)
        target = path.dx_t if teacher is None else told.ask(teacher, path.x_t, jumps.t)
        rate = _rate(model, path.x_t, jumps, told, count, None if teacher is None else target)
        error = sample_errors(
            implied_velocity(average, rate, jumps.t, jumps.r),
            target,
            importance_weight(settings.weight, source.log_var),
            conditions.hole,
        )
        return even_out(error, settings.adaptive).mean(), _figures(error.detach(), count)

    return train("flow-map", model, draw, step, loop, folder, resume=resume, report=report)


class _Told:
    """What a network is told about a batch besides state and times."""

    def __init__(self, source: Source, code: torch.Tensor, conditions: Conditions) -> None:
        self.source, self.code, self.conditions = source, code, conditions

    def first(self, count: int) -> _Told:
        rows = slice(0, count)
        source = Source(self.source.mean[rows], self.source.log_var[rows])
        return _Told(source, self.code[rows], self.conditions.part(rows))

    def ask(
        self, network: nn.Module, x: torch.Tensor, t: torch.Tensor, span: torch.Tensor | None = None
    ) -> torch.Tensor:
        result: torch.Tensor = network(
            x, t, self.source.mean, self.source.log_var, self.code, self.conditions, span
        )
        return result


def _rate(
    model: FlowModel, x_t: torch.Tensor, jumps: Jumps, told: _Told, count: int, velocity: torch.Tensor | None
) -> torch.Tensor:
    """du/dt (B,K,h,w) along `velocity`, or along the network's own; 0 for all but the first `count`, which jump."""
    rate = torch.zeros_like(x_t)
    if count == 0:
        return rate
    x, t, r, told = x_t[:count], jumps.t[:count], jumps.r[:count], told.first(count)
    with torch.no_grad():
        along = told.ask(model, x, t) if velocity is None else velocity[:count]
    rate[:count] = rate_of_change(lambda x, t, r: told.ask(model, x, t, r - t), x, t, r, along)
    return rate


def _figures(error: torch.Tensor, count: int) -> dict[str, float]:
    jump, plain = error[:count], error[count:]
    parts: dict[str, torch.Tensor] = {"velocity_error": plain, "jump_error": jump}
    return {name: float(part.mean()) for name, part in parts.items() if len(part)}
