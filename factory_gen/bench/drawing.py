"""Draws a set of latents with one arm at one setting, and keeps the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from factory_gen.bench.arms import Arm
from factory_gen.bench.networks import Shared
from factory_gen.bench.stages import fair_clock
from factory_gen.flow.diffusion import sample_diffusion
from factory_gen.flow.model import FlowModel
from factory_gen.flow.source import Source
from factory_gen.matching.solvers.table import solve
from factory_gen.nets.condition import Conditions
from factory_gen.nets.fast import fast_inference
from factory_gen.seeds import torch_generator
from factory_gen.training.latents import LatentBatch
from factory_gen.training.loop import CLOCKS

SAMPLED = "sampled"
ENCODED = "encoded"


@dataclass(frozen=True)
class Setting:
    """How a set is drawn.

    Attributes:
        solver: ODE rule ("flow-map" for an arm of that family) or diffusion sampler.
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
    now = CLOCKS[fair_clock(windows.latent.device.type)]
    total = windows.latent.shape[0]
    parts, source_ms, calls_ms = [], [], []
    for start in range(0, total, batch):
        rows = slice(start, min(start + batch, total))
        known, conditions = windows.latent[rows], windows.conditions.part(rows)
        began = now()
        with fast_inference(known.device, bf16=fast):
            code = _codes(arm, shared, known, conditions, setting, seed + start)
            source = shared.rule(arm, setting.scale)(shared.prior.decode, code, conditions)
        between = now()
        noise = torch.randn(known.shape, generator=torch_generator(seed, "bench-noise", start)).to(
            known.device
        )
        if model is None:
            latent = source.mean
        elif arm.family == "diffusion":
            with fast_inference(known.device, bf16=fast):
                latent = sample_diffusion(model, conditions, noise, setting.solver, setting.calls)
        else:
            latent = solve(
                _velocity(arm, model, source, code, conditions, setting, fast),
                source.sample(noise),
                setting.solver,
                setting.calls,
            )
        latent = latent.float().cpu()  # waits for a device that works on its own
        ended = now()
        parts.append(torch.where(conditions.hole.cpu() > 0, latent, known.cpu()))
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
    arm: Arm,
    model: FlowModel,
    source: Source,
    code: torch.Tensor,
    conditions: Conditions,
    setting: Setting,
    fast: bool,
) -> Callable[[torch.Tensor, float], torch.Tensor]:
    count, device = code.shape[0], code.device
    span = torch.full((count,), 1.0 / setting.calls, device=device) if arm.family == "map" else None

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        time_B = torch.full((count,), t, device=device)
        with fast_inference(device, bf16=fast):
            result: torch.Tensor = model(x, time_B, source.mean, source.log_var, code, conditions, span)
        return result

    return velocity
