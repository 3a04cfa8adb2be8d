"""From codes to latents: prior sample, few solver calls, known surroundings put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from factory_gen.flow.source import Source
from factory_gen.matching.solvers.table import solve
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.parts import Parts


@dataclass(frozen=True)
class SolverChoice:
    """How the ODE is solved.

    Attributes:
        solver: step rule.
        steps: calls of the flow network.
        guidance: scale of the type guidance; 1 is off, and every call costs two passes otherwise.
    """

    solver: str
    steps: int
    guidance: float = 1.0


def draw_latents(
    parts: Parts,
    code_BZ: torch.Tensor,
    conditions: Conditions,
    noise_BKhw: torch.Tensor,
    choice: SolverChoice,
    callback: Callable[[int, torch.Tensor], None] | None = None,
) -> torch.Tensor:
    """Integrate from the prior sample to a latent (B,K,h,w); cells outside the hole are left as the source has them.

    Args:
        parts: the model.
        code_BZ: codes.
        conditions: of the windows.
        noise_BKhw: standard normal.
        choice: solver, calls, guidance.
        callback: called with the step number and the state after each step.
    """
    source = parts.source_rule(parts.prior.decode, code_BZ, conditions)
    velocity = _velocity(parts, source, code_BZ, conditions, choice.guidance)
    return solve(velocity, source.sample(noise_BKhw), choice.solver, choice.steps, callback)


def prior_mean(parts: Parts, code_BZ: torch.Tensor, conditions: Conditions) -> torch.Tensor:
    """The learned prior's mean alone (B,K,h,w): a preview that costs no call of the flow."""
    mean, _ = parts.prior.decode(code_BZ, conditions)
    return mean


def _velocity(
    parts: Parts, source: Source, code: torch.Tensor, conditions: Conditions, guidance: float
) -> Callable[[torch.Tensor, float], torch.Tensor]:
    untold = conditions.without_type(len(parts.facts.types))

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        times = torch.full((x.shape[0],), t, device=x.device)
        with parts.fast():
            told: torch.Tensor = parts.flow(x, times, source.mean, source.log_var, code, conditions)
            if guidance == 1.0:
                return told
            base: torch.Tensor = parts.flow(x, times, source.mean, source.log_var, code, untold)
        return base + guidance * (told - base)

    return velocity
