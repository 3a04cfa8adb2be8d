"""From codes to latents: prior sample, few solver calls, known surroundings put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from factory_gen.errors import UsageError
from factory_gen.flow.source import Source
from factory_gen.matching.solvers.table import FLOW_MAP, solve
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.parts import Parts

# Windows that go through a network together at most, so that memory does not follow the size of a defect.
PASS = 384

Agree = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class SolverChoice:
    """How the ODE is solved.

    Attributes:
        solver: step rule; "flow-map" only for a model that was trained as one.
        steps: calls of the flow network.
        guidance: scale of the type guidance; 1 is off, and every call costs two passes otherwise.
    """

    solver: str
    steps: int
    guidance: float = 1.0


@dataclass(frozen=True)
class Toward:
    """A latent that the paths start near to, instead of at the prior's sample (Meng et al., "SDEdit", 2108.01073).

    Attributes:
        latent: (B,K,h,w).
        keep: share of the way from the prior's sample to it at which a path starts, in [0,1): also the time.
    """

    latent: torch.Tensor
    keep: float

    def blend(self, start_BKhw: torch.Tensor) -> torch.Tensor:
        """The point on the straight path from a start to the latent, (B,K,h,w)."""
        return (1.0 - self.keep) * start_BKhw + self.keep * self.latent


def draw_latents(
    parts: Parts,
    code_BZ: torch.Tensor,
    conditions: Conditions,
    noise_BKhw: torch.Tensor,
    choice: SolverChoice,
    callback: Callable[[int, torch.Tensor], None] | None = None,
    agree: Agree | None = None,
    toward: Toward | None = None,
) -> torch.Tensor:
    """Integrate from the prior sample to a latent (B,K,h,w); cells outside the hole are left as the source has them.

    Args:
        parts: the model.
        code_BZ: codes.
        conditions: of the windows.
        noise_BKhw: standard normal.
        choice: solver, calls, guidance.
        callback: called with the step number and the state after each step.
        agree: makes overlapping windows agree; applied to the source and to every velocity, hence to every state.
        toward: starts the paths later, near to a known latent on which overlapping windows agree.
    """
    agreed = agree or _as_is
    source = agreed_source(parts, code_BZ, conditions, agreed)
    begin = 0.0 if toward is None else toward.keep
    velocity = _velocity(parts, source, code_BZ, conditions, choice, (1.0 - begin) / choice.steps)
    start = source.sample(noise_BKhw)
    if toward is not None:
        start = toward.blend(start)
    # Entered once for all calls, so that the weights are converted once.
    with parts.fast():
        return solve(
            lambda x, t: agreed(velocity(x, t)), start, choice.solver, choice.steps, callback, begin=begin
        )


def prior_mean(parts: Parts, code_BZ: torch.Tensor, conditions: Conditions) -> torch.Tensor:
    """The learned prior's mean alone (B,K,h,w): a preview that costs no call of the flow."""
    return torch.cat(
        [parts.prior.decode(code_BZ[rows], conditions.part(rows))[0] for rows in passes(len(code_BZ))]
    )


def agreed_source(parts: Parts, code_BZ: torch.Tensor, conditions: Conditions, agree: Agree) -> Source:
    """Where the paths start, the same wherever windows overlap."""
    found = [
        parts.source_rule(parts.prior.decode, code_BZ[rows], conditions.part(rows))
        for rows in passes(len(code_BZ))
    ]
    return Source(
        agree(torch.cat([one.mean for one in found])), agree(torch.cat([one.log_var for one in found]))
    )


def passes(count: int) -> list[slice]:
    """Slices of at most `PASS` rows that cover `count` rows."""
    return [slice(start, min(start + PASS, count)) for start in range(0, count, PASS)]


def _as_is(maps: torch.Tensor) -> torch.Tensor:
    return maps


def _velocity(
    parts: Parts,
    source: Source,
    code: torch.Tensor,
    conditions: Conditions,
    choice: SolverChoice,
    jump: float,
) -> Callable[[torch.Tensor, float], torch.Tensor]:
    """The network as the solver wants it: average velocity over a `jump` for a flow map, else the velocity."""
    untold = conditions.without_type(len(parts.facts.types))
    span = _span(parts, choice, source.mean, jump)

    def one_pass(x: torch.Tensor, t: float, rows: slice) -> torch.Tensor:
        times = torch.full((rows.stop - rows.start,), t, device=x.device)
        state = x[rows], times, source.mean[rows], source.log_var[rows], code[rows]
        own_span = None if span is None else span[rows]
        told: torch.Tensor = parts.flow(*state, conditions.part(rows), own_span)
        if choice.guidance == 1.0:
            return told
        base: torch.Tensor = parts.flow(*state, untold.part(rows), own_span)
        return base + choice.guidance * (told - base)

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        return torch.cat([one_pass(x, t, rows) for rows in passes(x.shape[0])])

    return velocity


def _span(parts: Parts, choice: SolverChoice, like: torch.Tensor, jump: float) -> torch.Tensor | None:
    """Length of each jump, (B,), or None for solvers that ask for the velocity."""
    if choice.solver != FLOW_MAP:
        return None
    if not parts.flow.config["spans"]:
        raise UsageError(
            expected='a model trained with flow.objective = "flow-map" for the solver flow-map',
            found="a model that knows velocities only",
            action="Choose another solver, such as midpoint, or train with that objective.",
        )
    return torch.full((like.shape[0],), jump, device=like.device)
