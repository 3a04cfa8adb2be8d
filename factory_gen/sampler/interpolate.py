"""Walks from one window to another through the prior's code, with the noise held fixed."""

from __future__ import annotations

import numpy as np
import torch

from factory_gen.images.windows import stack
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.codes_choice import slerp
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.latent_draw import SolverChoice, draw_latents, prior_mean
from factory_gen.training.latents import mask_channels


@torch.no_grad()
def interpolate(
    generator: Generator,
    windows: tuple[np.ndarray, np.ndarray],
    masks: tuple[np.ndarray, np.ndarray],
    kinds: tuple[int, int],
    *,
    frames: int,
    choice: SolverChoice,
    noise: torch.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Frames between two real windows.

    Codes go along the arc between the ends' codes, masks fade linearly, the type changes at half way; x_0 uses one
    noise for all frames, so that what changes is only z.

    Args:
        generator: the model.
        windows: two (S,S,C) float32 in [-1,1].
        masks: two (S,S) bool, empty for a good window.
        kinds: two type indexes.
        frames: pictures, both ends included; at least 2.
        choice: solver and calls.
        noise: gives the one noise.

    Returns:
        Frames by the flow and by the prior's mean alone, each (frames,S,S,C) float32 in [-1,1].
    """
    parts, device = generator.parts, generator.device
    ends = parts.autoencoder.encode(stack(list(windows)).to(device))
    maps = torch.from_numpy(np.stack([mask_channels(m, parts.autoencoder.factor) for m in masks])).to(device)
    mean, _ = parts.prior.encode(ends, _whole(generator, maps, torch.tensor(kinds, device=device)))
    shares = np.linspace(0.0, 1.0, frames)
    codes = torch.stack([slerp(mean[0], mean[1], float(share)) for share in shares])
    between = torch.stack([(1 - share) * maps[0] + share * maps[1] for share in shares]).float()
    kind = torch.tensor([kinds[0] if share < 0.5 else kinds[1] for share in shares], device=device)
    conditions = _whole(generator, between, kind)
    fixed = torch.randn(ends.shape[1:], generator=noise).to(device).expand(frames, -1, -1, -1)
    grain_seed = int(torch.randint(2**62, (1,), generator=noise).item())
    latent = draw_latents(parts, codes, conditions, fixed, choice)
    grain = torch.Generator().manual_seed(grain_seed)
    means = generator.render(prior_mean(parts, codes, conditions), grain, "none")
    return generator.render(latent, grain), means


def _whole(generator: Generator, maps: torch.Tensor, kind: torch.Tensor) -> Conditions:
    empty = generator.whole_conditions(maps.shape[0])
    return Conditions(empty.context, empty.hole, maps, kind, empty.strength)
