"""One defect as the learned prior sees it and as the flow ends it: mean, sample, and results after few calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from factory_gen.errors import UsageError
from factory_gen.images.masks import dilate, feather
from factory_gen.images.windows import stack, unstack
from factory_gen.matching.solvers.table import SOLVERS
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.codes_choice import propose_codes
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.latent_draw import SolverChoice, agreed_source, draw_latents
from factory_gen.seeds import torch_generator
from factory_gen.training.latents import build_conditions, hole_cells


@dataclass(frozen=True)
class Stage:
    """One picture of the row.

    Attributes:
        name: "source", "mean", "sample" or "result".
        calls: of the flow network; 0 before it.
        solver: step rule; empty before the flow.
        window: (S,S,C) float32 in [-1,1].
        seconds: from the known window to this picture, measured alone.
    """

    name: str
    calls: int
    solver: str
    window: np.ndarray
    seconds: float


@torch.no_grad()
def side_by_side(
    generator: Generator,
    window: np.ndarray,
    mask: np.ndarray,
    kind: int,
    *,
    calls: Sequence[int],
    seed: int,
    strength: float = float("nan"),
) -> list[Stage]:
    """Draw one defect from one code and one noise, stopped at every stage.

    What is shown is the picture with the drawn difference put in under the mask, as a sample is made, but without
    its gain: so that what changes from one picture to the next is the prior's and the flow's doing alone.

    Args:
        generator: the model.
        window: (S,S,C) float32 in [-1,1], a good window.
        mask: (S,S) bool, where the defect goes.
        kind: type index.
        calls: numbers of flow calls, rising.
        seed: of code and noise.
        strength: contrast rank in [0,1]; NaN is not told.

    Raises:
        UsageError: the mask is empty.
    """
    if not mask.any():
        raise UsageError(
            expected="a mask with a defect", found="an empty one", action="Choose another picture."
        )
    parts, choice, noise = generator.parts, generator.choice(), torch_generator(seed, "side by side")
    factor, device = parts.autoencoder.factor, generator.device
    told = dilate(mask, choice.overdraw)
    hole = hole_cells(told, choice.margin, factor)
    conditions = build_conditions(
        [window], [told], [hole], [kind], [strength], parts.autoencoder.encode, factor, device=device
    )
    known = parts.autoencoder.encode(stack([window]).to(device))
    base = parts.autoencoder.decode(known)
    weight = feather(mask, choice.feather)[:, :, None]

    def shown(latent: torch.Tensor) -> np.ndarray:
        drawn = parts.autoencoder.decode(torch.where(conditions.hole > 0, latent, known))
        return np.asarray((window + weight * unstack(drawn - base)[0]).clip(-1.0, 1.0), np.float32)

    code = propose_codes(parts, conditions, choice.codes, 1, [noise])[:, 0]
    fixed = torch.randn(known.shape, generator=noise).to(device)
    started = time.perf_counter()
    source = agreed_source(parts, code, conditions, lambda maps: maps)
    mean = shown(source.mean)
    spent = time.perf_counter() - started
    stages = [Stage("source", 0, "", window, 0.0), Stage("mean", 0, "", mean, spent)]
    stages.append(Stage("sample", 0, "", shown(source.sample(fixed)), spent))
    for number in calls:
        solver = solver_for(choice.solver.solver, number)
        started = time.perf_counter()
        result = shown(_solved(generator, code, conditions, fixed, solver, number))
        stages.append(Stage("result", number, solver, result, time.perf_counter() - started))
    return stages


def solver_for(own: str, calls: int) -> str:
    """The model's own solver where it can make that many calls, else Euler's rule."""
    return own if calls % SOLVERS[own].calls == 0 else "euler"


def _solved(
    generator: Generator,
    code: torch.Tensor,
    conditions: Conditions,
    noise: torch.Tensor,
    solver: str,
    calls: int,
) -> torch.Tensor:
    guidance = generator.choice().solver.guidance
    return draw_latents(generator.parts, code, conditions, noise, SolverChoice(solver, calls, guidance))
