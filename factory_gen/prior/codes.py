"""The latent sampler: draws z without a picture, given type, strength and a summary of the surroundings.

A small flow on codes: a residual MLP trained with the plain flow matching loss from N(0, I), integrated with the
midpoint rule. Other places to take z from (real references, mixes, perturbations) are in `sampler/references.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional as F

from factory_gen.matching.path import straight_path
from factory_gen.matching.solvers.table import solve
from factory_gen.matching.times import draw_times
from factory_gen.nets.blocks import ScalarEmbedding
from factory_gen.nets.condition import Conditions, TypeEmbedding, pooled
from factory_gen.training.latents import LatentBank
from factory_gen.training.loop import LoopResult, LoopSettings, Report, train

SOLVER_CALLS = 16


@dataclass(frozen=True)
class CodesSettings:
    """What the code sampler is and how long it trains.

    Attributes:
        width, depth: of the residual MLP.
        steps, batch, learning_rate: of the training.
        share: share of the time budget.
    """

    width: int = 256
    depth: int = 4
    steps: int = 12000
    batch: int = 256
    learning_rate: float = 1e-3
    share: float = 0.05

    def __post_init__(self) -> None:
        for name in ("width", "depth", "steps", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, found {getattr(self, name)}")


class CodeSampler(ModelMixin, ConfigMixin):
    """Velocity field on codes (B,Z).

    Args:
        code_size: Z.
        latent_channels: K.
        kinds: number of defect types, good included.
        width, depth: see `CodesSettings`.
    """

    config_name = "config.json"

    @register_to_config
    def __init__(
        self, code_size: int = 48, latent_channels: int = 8, kinds: int = 2, width: int = 256, depth: int = 4
    ) -> None:
        super().__init__()
        self.start = nn.Linear(code_size, width)
        self.time = ScalarEmbedding(width)
        self.kind = TypeEmbedding(kinds, width)
        self.around = nn.Linear((latent_channels + 2) * 16 + 1, width)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
            )
            for _ in range(depth)
        )
        self.end = nn.Linear(width, code_size)
        nn.init.zeros_(self.end.weight)

    @property
    def code_size(self) -> int:
        """Length Z of the code."""
        return int(self.config["code_size"])

    def summary(self, conditions: Conditions) -> torch.Tensor:
        """Everything but the time, as one vector (B,width)."""
        result: torch.Tensor = self.kind(conditions.kind, conditions.strength) + self.around(
            pooled(conditions)
        )
        return result

    def forward(self, code_BZ: torch.Tensor, t_B: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Velocity (B,Z) of the code at time t."""
        return self.velocity(code_BZ, t_B, self.summary(conditions))

    def velocity(self, code_BZ: torch.Tensor, t_B: torch.Tensor, summary_BW: torch.Tensor) -> torch.Tensor:
        """Velocity (B,Z) given the summary of the conditions."""
        x = self.start(code_BZ) + self.time(t_B) + summary_BW
        for layer in self.layers:
            x = x + layer(x)
        result: torch.Tensor = self.end(F.silu(x)).float()
        return result

    def sample(self, conditions: Conditions, generator: torch.Generator) -> torch.Tensor:
        """Draw one code per item of `conditions`: (B,Z)."""
        noise = torch.randn(conditions.kind.shape[0], self.code_size, generator=generator)
        return self.from_noise(conditions, noise)

    @torch.no_grad()
    def from_noise(self, conditions: Conditions, noise_BZ: torch.Tensor) -> torch.Tensor:
        """The codes (B,Z) that standard normal noise (B,Z) flows to, one per item of `conditions`."""
        summary = self.summary(conditions)
        noise = noise_BZ.to(summary.device)

        def velocity(code: torch.Tensor, t: float) -> torch.Tensor:
            return self.velocity(code, torch.full((code.shape[0],), t, device=code.device), summary)

        return solve(velocity, noise, "midpoint", SOLVER_CALLS)


def train_codes(
    model: CodeSampler,
    bank: LatentBank,
    encode: Callable[[torch.Tensor, Conditions], tuple[torch.Tensor, torch.Tensor]],
    settings: CodesSettings,
    loop: LoopSettings,
    folder: Path,
    *,
    resume: bool,
    report: Report,
) -> LoopResult:
    """Train `model` in place on the codes that the frozen prior gives the bank's windows.

    Args:
        model: network to train.
        bank: latents.
        encode: the prior's encoder.
        settings: of the code sampler.
        loop: seed, device, precision and budget.
        folder: for checkpoints.
        resume: continue from a checkpoint.
        report: progress.
    """
    loop = replace(loop, steps=settings.steps, learning_rate=settings.learning_rate, autocast=False)
    table = _encode_bank(bank, encode, loop.seed)

    def draw(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, Conditions]:
        rows = torch.randint(table.mean.shape[0], (settings.batch,), generator=generator)
        conditions = Conditions(*(part[rows] for part in table.conditions))
        return table.mean[rows], table.log_var[rows], conditions

    def step(
        network: nn.Module,
        batch: tuple[torch.Tensor, torch.Tensor, Conditions],
        generator: torch.Generator,
        done: int,
    ) -> tuple[torch.Tensor, dict[str, float]]:
        device = next(network.parameters()).device
        mean, log_var, conditions = batch[0].to(device), batch[1].to(device), batch[2].to(device)
        posterior = torch.randn(mean.shape, generator=generator).to(device)
        noise = torch.randn(mean.shape, generator=generator).to(device)
        t = draw_times("uniform", mean.shape[0], generator).to(device)
        path = straight_path(noise, mean + (0.5 * log_var).exp() * posterior, t)
        return (network(path.x_t, t, conditions) - path.dx_t).square().mean(), {}

    return train("codes", model, draw, step, loop, folder, resume=resume, report=report)


@dataclass(frozen=True)
class _CodeTable:
    """Posterior of every bank window and its conditions, kept small: maps are pooled to the summary's grid."""

    mean: torch.Tensor
    log_var: torch.Tensor
    conditions: tuple[torch.Tensor, ...]


@torch.no_grad()
def _encode_bank(
    bank: LatentBank,
    encode: Callable[[torch.Tensor, Conditions], tuple[torch.Tensor, torch.Tensor]],
    seed: int,
) -> _CodeTable:
    """Two passes over the bank, as holes and as whole windows, so that both are learned."""
    means, log_vars, parts = [], [], []
    for whole in (0.0, 1.0):
        for start in range(0, len(bank), 64):
            rows = torch.arange(start, min(start + 64, len(bank)))
            generator = torch.Generator().manual_seed(seed + start)
            batch = bank.prepare(bank.rows(rows), generator, whole_share=whole, dropout=0.05)
            mean, log_var = encode(batch.latent, batch.conditions)
            means.append(mean.cpu())
            log_vars.append(log_var.cpu())
            told = batch.conditions
            small = [F.adaptive_avg_pool2d(m, 4).cpu() for m in (told.context, told.hole, told.mask)]
            parts.append((*small, told.kind.cpu(), told.strength.cpu()))
    joined = tuple(torch.cat([p[i] for p in parts]) for i in range(5))
    return _CodeTable(torch.cat(means), torch.cat(log_vars), joined)
