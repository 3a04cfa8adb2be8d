"""Draws a batch of defect windows: conditions, choice of code by contrast, latents, difference of decodings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from factory_gen.images.windows import stack, unstack
from factory_gen.metrics.contrast import mask_contrast, measure_contrast
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.codes_choice import propose_codes
from factory_gen.sampler.latent_draw import SolverChoice, draw_latents, prior_mean
from factory_gen.sampler.parts import Parts
from factory_gen.training.latents import build_conditions, hole_cells

WRONG_SIGN = 2.0


@dataclass(frozen=True)
class WindowTask:
    """One window to draw.

    Attributes:
        window: (S,S,C) float32 in [-1,1], the picture as it stands.
        mask: (S,S) bool, the whole defect in this window.
        fresh: (S,S) bool, the pixels to draw now.
        weight: (S,S) float32, share of the drawn difference that is put in.
        region: (S,S) bool, the part (its backdrop is no surroundings to compare with).
        kind: type index.
        strength: contrast rank in [0,1]; NaN is not told.
        target: contrast to come near to; None takes the first code.
        shift: brightness step whose sign the defect should have; None for either.
        generator: this window's randomness.
    """

    window: np.ndarray
    mask: np.ndarray
    fresh: np.ndarray
    weight: np.ndarray
    region: np.ndarray
    kind: int
    strength: float
    target: float | None
    shift: float | None
    generator: torch.Generator


@dataclass(frozen=True)
class DrawChoice:
    """How windows are drawn; see `GenerateSettings` for the fields' meaning."""

    solver: SolverChoice
    codes: str
    candidates: int
    margin: int
    gain: float


@torch.no_grad()
def draw_windows(parts: Parts, tasks: Sequence[WindowTask], choice: DrawChoice) -> list[np.ndarray]:
    """Draw every task's defect; returns the new windows (S,S,C) float32, unchanged where the weight is 0."""
    device = parts.references.mean.device
    factor = parts.autoencoder.factor
    holes = [hole_cells(task.fresh, choice.margin, factor) for task in tasks]
    conditions = build_conditions(
        [task.window for task in tasks],
        [task.mask for task in tasks],
        holes,
        [task.kind for task in tasks],
        [task.strength for task in tasks],
        parts.autoencoder.encode,
        factor,
        device=device,
    )
    known = parts.autoencoder.encode(stack([task.window for task in tasks]).to(device))
    base = unstack(parts.autoencoder.decode(known))
    code = _choose_codes(parts, tasks, conditions, known, base, choice)
    noise = torch.stack([torch.randn(known.shape[1:], generator=task.generator) for task in tasks]).to(device)
    latent = draw_latents(parts, code, conditions, noise, choice.solver)
    drawn = unstack(parts.autoencoder.decode(torch.where(conditions.hole > 0, latent, known)))
    return [_put_in(task, drawn[i] - base[i], choice.gain) for i, task in enumerate(tasks)]


def _choose_codes(
    parts: Parts,
    tasks: Sequence[WindowTask],
    conditions: Conditions,
    known: torch.Tensor,
    base: np.ndarray,
    choice: DrawChoice,
) -> torch.Tensor:
    """Best of several codes by the contrast of the prior's mean, which costs only the decoder: (B,Z)."""
    proposals = propose_codes(
        parts, conditions, choice.codes, choice.candidates, [t.generator for t in tasks]
    )
    count = proposals.shape[1]
    if count == 1 or parts.facts.source != "learned":
        return proposals[:, 0]
    told = conditions.repeat(count)
    # Previews only choose: bfloat16 is good enough for them, and they are most of the decoding.
    with parts.fast():
        mean = prior_mean(parts, proposals.flatten(0, 1), told)
        latent = torch.where(told.hole > 0, mean, known.repeat_interleave(count, dim=0))
        previews = unstack(parts.autoencoder.decode(latent))
    picks = []
    for index, task in enumerate(tasks):
        own = previews[index * count : (index + 1) * count] - base[index]
        picks.append(_nearest_to_target(task, own))
    return proposals[torch.arange(len(tasks)), torch.tensor(picks)]


def _nearest_to_target(task: WindowTask, differences: np.ndarray) -> int:
    """Index of the difference (k,S,S,C) that comes nearest to what is asked for; 0 without a target."""
    if task.target is None:
        return 0
    gaps = []
    for one in differences:
        found = measure_contrast(task.window + task.weight[:, :, None] * one, task.mask, region=task.region)
        gap = abs(np.log(max(found.value, 0.05) / task.target)) if np.isfinite(found.value) else np.inf
        if task.shift is not None and np.isfinite(found.shift):
            # A bright crack where real ones are dark may have the right contrast and is still wrong.
            gap += WRONG_SIGN * min(1.0, max(0.0, 1.0 - found.shift / task.shift))
        gaps.append(gap)
    return int(np.argmin(gaps))


def _put_in(task: WindowTask, difference: np.ndarray, gain: float) -> np.ndarray:
    """Add the drawn difference; scale it, within `gain`, towards the contrast asked for."""
    weighted = task.weight[:, :, None] * difference
    if gain > 1.0 and task.target is not None:
        found = _contrast(task, task.window + weighted)
        if np.isfinite(found) and found > 0:
            weighted = weighted * float(np.clip(task.target / found, 1.0 / gain, gain))
    return np.clip(task.window + weighted, -1.0, 1.0).astype(np.float32)


def _contrast(task: WindowTask, window: np.ndarray) -> float:
    return mask_contrast(window, task.mask, region=task.region)
