"""One Reflow round: the flow learns straight lines between the ends of its own paths (2209.03003, 2405.20320).

The trained flow is solved once for many prior samples. Each start then has one end, so the velocity at the start no
longer is an average over all data, and Euler's single step lands. Times are drawn near both ends (U-shaped), and the
loss is a pseudo-Huber one, after the improved procedure of 2405.20320.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.flow.source import Decode, Source, SourceRule
from factory_gen.flow.train import Encode
from factory_gen.matching.loss import importance_weight, pseudo_huber, sample_errors
from factory_gen.matching.path import straight_path
from factory_gen.matching.solvers.table import solve
from factory_gen.matching.times import draw_times
from factory_gen.nets.condition import Conditions
from factory_gen.seeds import torch_generator
from factory_gen.training.latents import LatentBank
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train

CALLS = 8
HUBER = 0.03


class Pairs:
    """Starts of the flow's paths and where they end, with what the flow was told.

    Args:
        model: the trained flow.
        bank, encode, decode, source_rule: as in `train_flow`.
        settings: of the flow; `reflow_pairs` pairs are made.
        seed: decides windows, codes and noise.
        report: called with the number of pairs made.
    """

    def __init__(
        self,
        model: FlowModel,
        bank: LatentBank,
        encode: Encode,
        decode: Decode,
        source_rule: SourceRule,
        settings: FlowSettings,
        seed: int,
        report: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.decode, self.rule, self.device = decode, source_rule, bank.device
        generator = torch_generator(seed, "reflow-pairs")
        chunks: list[list[torch.Tensor]] = []
        while len(chunks) * settings.batch < settings.reflow_pairs:
            batch = bank.draw(
                settings.batch, generator, whole_share=settings.whole_share, dropout=settings.dropout
            )
            told = batch.conditions
            mean, log_var = encode(batch.latent, told)
            code = mean + (0.5 * log_var).exp() * torch.randn(mean.shape, generator=generator).to(self.device)
            source = source_rule(decode, code, told)
            x_0 = source.sample(torch.randn(batch.latent.shape, generator=generator).to(self.device))
            x_1 = solve(_velocity(model, source, code, told), x_0, "midpoint", CALLS)
            parts = (x_0.half(), x_1.half(), code, told.context.half(), told.hole, told.mask.half())
            chunks.append([part.cpu() for part in (*parts, told.kind, told.strength)])
            report(len(chunks) * settings.batch)
        self.parts = [torch.cat(column) for column in zip(*chunks, strict=True)]

    def __len__(self) -> int:
        return int(self.parts[0].shape[0])

    def draw(
        self, batch: int, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, Source, torch.Tensor, Conditions]:
        """Random pairs: x_0 (B,K,h,w), x_1 (B,K,h,w), source, code (B,Z) and conditions, on the device."""
        rows = torch.randint(len(self), (batch,), generator=generator)
        x_0, x_1, code, context, hole, mask, kind, strength = (p[rows].to(self.device) for p in self.parts)
        told = Conditions(context.float(), hole, mask.float(), kind, strength)
        return x_0.float(), x_1.float(), self.rule(self.decode, code, told), code, told


def train_reflow(
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
    """Train `model`, a trained flow, in place; see `train_flow` for the arguments.

    The pairs are made first, from the model as it comes, and again when resuming. Steps and rate are `tuning_steps` and
    `tuning_rate`.
    """
    loop = replace(loop, steps=settings.tuning_steps, learning_rate=settings.tuning_rate)
    model.eval()
    with torch.no_grad():
        pairs = Pairs(model, bank, encode, decode, source_rule, settings, loop.seed)

    def step(
        network: nn.Module,
        batch: tuple[torch.Tensor, torch.Tensor, Source, torch.Tensor, Conditions],
        generator: torch.Generator,
        done: int,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        x_0, x_1, source, code, conditions = batch
        t = draw_times("u-shaped", x_0.shape[0], generator).to(x_0.device)
        path = straight_path(x_0, x_1, t)
        velocity = network(path.x_t, t, source.mean, source.log_var, code, conditions)
        weight = importance_weight(settings.weight, source.log_var)
        error = sample_errors(velocity, path.dx_t, weight, conditions.hole)
        return pseudo_huber(error, HUBER).mean(), {"error": float(error.detach().mean())}

    def draw(
        generator: torch.Generator,
    ) -> tuple[torch.Tensor, torch.Tensor, Source, torch.Tensor, Conditions]:
        with torch.no_grad():
            return pairs.draw(settings.batch, generator)

    return train("reflow", model, draw, step, loop, folder, resume=resume, report=report)


def _velocity(
    model: FlowModel, source: Source, code: torch.Tensor, conditions: Conditions
) -> Callable[[torch.Tensor, float], torch.Tensor]:
    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        times = torch.full((x.shape[0],), t, device=x.device)
        result: torch.Tensor = model(x, times, source.mean, source.log_var, code, conditions)
        return result

    return velocity
