"""The flow map: the average velocity of a jump from t to r, and the identity that it obeys (2505.13447, 2512.02012).

    u(x_t, t, r) = 1 / (r - t) * integral of v(x_s, s) from s = t to s = r,        t <= r,  u(x, t, t) = v(x, t)
    v(x_t, t)    = u - (r - t) * du/dt,      du/dt = (d/dx u) v + d/dt u           (r held)

The papers run from data to noise; here t = 0 is the source and t = 1 the data, hence the signs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from factory_gen.matching.times import uniform

AverageVelocity = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Jumps:
    """Where jumps start and land: `t` and `r`, both (B,) in [0,1], t <= r."""

    t: torch.Tensor
    r: torch.Tensor

    def to(self, device: torch.device) -> Jumps:
        """The same on another device."""
        return Jumps(self.t.to(device), self.r.to(device))


def draw_jumps(batch: int, generator: torch.Generator, *, jumping: int, landing_share: float) -> Jumps:
    """Start and landing times of a batch; the first `jumping` samples have r > t, the rest r = t.

    Args:
        batch: B.
        generator: decides the times.
        jumping: number of samples with r > t.
        landing_share: share of the jumps that land on the data, r = 1; the others land anywhere after t.
    """
    first, second = uniform(batch, generator), uniform(batch, generator)
    jumps = torch.arange(batch) < jumping
    lands = torch.rand(batch, generator=generator) < landing_share
    start = torch.where(lands, first, torch.minimum(first, second))
    end = torch.where(lands, torch.ones_like(first), torch.maximum(first, second))
    return Jumps(torch.where(jumps, start, first), torch.where(jumps, end, first))


@torch.no_grad()
def rate_of_change(
    average: AverageVelocity, x: torch.Tensor, t_B: torch.Tensor, r_B: torch.Tensor, velocity: torch.Tensor
) -> torch.Tensor:
    """du/dt along the path, (B,...): the derivative of `average` when x moves with `velocity` and r stays.

    Fused attention has no forward-mode derivative, so the plain one is used here. No gradient flows through the result.
    """

    def moving(state: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return average(state, time, r_B)

    with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
        # PyTorch's own forward-mode rules are scripted at their first use, and it warns of that itself.
        warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=FutureWarning)
        both = torch.func.jvp(moving, (x, t_B), (velocity.to(x.dtype), torch.ones_like(t_B)))
    rate: torch.Tensor = both[1]
    return rate


def implied_velocity(
    average: torch.Tensor, rate: torch.Tensor, t_B: torch.Tensor, r_B: torch.Tensor
) -> torch.Tensor:
    """The velocity that an average velocity stands for, ``u - (r - t) du/dt``, (B,...): what training compares."""
    span = (r_B - t_B).reshape(-1, *([1] * (average.ndim - 1)))
    return average - span * rate
