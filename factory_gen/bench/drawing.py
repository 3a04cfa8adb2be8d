"""Draws a set of latents with one arm at one setting, and keeps the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from factory_gen.bench.arms import Arm
from factory_gen.bench.networks import Shared
from factory_gen.flow.diffusion import sample_diffusion
from factory_gen.flow.model import FlowModel
from factory_gen.matching.solvers.table import solve
from factory_gen.nets.condition import Conditions
from factory_gen.seeds import torch_generator
from factory_gen.training.latents import LatentBatch

SAMPLED = "sampled"
ENCODED = "encoded"


@dataclass(frozen=True)
class Setting:
    """How a set is drawn.

    Attributes:
        solver: ODE rule, diffusion sampler, or "map".
        calls: of the network.
        scale: s on sigma.
        codes: where z comes from: `SAMPLED` without the picture, `ENCODED` from the very window (an upper limit).
    """

    solver: str
    calls: int
    scale: float = 1.0
    codes: str = SAMPLED


@dataclass(frozen=True)
class DrawnSet:
    """Latents (N,K,h,w), and milliseconds per window of the fastest batch: code and source, and the network's calls."""

    latent: torch.Tensor
    source_ms: float
    calls_ms: float

    @property
    def sampling_ms(self) -> float:
        """Everything before decoding."""
        return self.source_ms + self.calls_ms


@torch.no_grad()
def draw_set(
    arm: Arm,
    model: FlowModel | None,
    shared: Shared,
    windows: LatentBatch,
    setting: Setting,
    *,
    batch: int,
    seed: int,
    fast: bool,
) -> DrawnSet:
    """Draw one window for each of `windows`, under the same conditions; outside the hole the known latent stays.

    Args:
        arm: which way.
        model: its network; None draws the prior's mean alone.
        shared: prior, code sampler and data spread of the seed.
        windows: conditions, and the latents to encode and to keep outside the hole.
        setting: solver, calls, scale, codes.
        batch: windows drawn together.
        seed: of codes and noise; the same for all arms, so that they start from the same draws.
        fast: whether the networks run in bfloat16.
    """
    total = windows.latent.shape[0]
    parts, source_ms, calls_ms = [], [], []
    for start in range(0, total, batch):
        rows = slice(start, min(start + batch, total))
        known, conditions = windows.latent[rows], windows.conditions.part(rows)
        began = time.perf_counter()
        with _precision(known.device, fast):
            code = _codes(arm, shared, known, conditions, setting, seed + start)
            source = shared.rule(arm, setting.scale)(shared.prior.decode, code, conditions)
        between = time.perf_counter()
        noise = torch.randn(known.shape, generator=torch_generator(seed, "bench-noise", start)).to(
            known.device
        )
        if model is None:
            latent = source.mean
        elif arm.family == "diffusion":
            with _precision(known.device, fast):
                latent = sample_diffusion(model, conditions, noise, setting.solver, setting.calls)
        else:
            latent = solve(
                _velocity(model, source.mean, source.log_var, code, conditions, fast),
                source.sample(noise),
                setting.solver,
                setting.calls,
            )
        ended = time.perf_counter()
        parts.append(torch.where(conditions.hole > 0, latent.float(), known))
        size = rows.stop - rows.start
        source_ms.append(1e3 * (between - began) / size)
        calls_ms.append(1e3 * (ended - between) / size)
    return DrawnSet(torch.cat(parts), min(source_ms), min(calls_ms))


def _codes(
    arm: Arm, shared: Shared, known: torch.Tensor, conditions: Conditions, setting: Setting, seed: int
) -> torch.Tensor:
    source = torch_generator(seed, "bench-codes")
    if not arm.use_code:
        return torch.zeros(known.shape[0], shared.prior.code_size, device=known.device)
    if setting.codes == SAMPLED:
        return shared.codes.sample(conditions, source)
    mean, log_var = shared.prior.encode(known, conditions)
    return mean + (0.5 * log_var).exp() * torch.randn(mean.shape, generator=source).to(mean.device)


def _velocity(
    model: FlowModel,
    mean: torch.Tensor,
    log_var: torch.Tensor,
    code: torch.Tensor,
    conditions: Conditions,
    fast: bool,
) -> Callable[[torch.Tensor, float], torch.Tensor]:
    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        with _precision(x.device, fast):
            result: torch.Tensor = model(
                x, torch.full((x.shape[0],), t, device=x.device), mean, log_var, code, conditions
            )
        return result

    return velocity


def _precision(device: torch.device, fast: bool) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)
