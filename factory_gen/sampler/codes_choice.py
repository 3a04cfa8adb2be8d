"""Where z comes from: the code sampler, real references, mixes of two, perturbations, a pasted defect; and which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from factory_gen.checks import check_choice
from factory_gen.errors import InputRefused
from factory_gen.nets.condition import Conditions
from factory_gen.sampler.gain import Wanted
from factory_gen.sampler.parts import Parts, References

PERTURBATION = 0.35


def propose_codes(
    parts: Parts, conditions: Conditions, source: str, count: int, generators: list[torch.Generator]
) -> torch.Tensor:
    """`count` codes for each item of the batch.

    Args:
        parts: the model.
        conditions: (B,...) of the windows.
        source: "sampler", "reference" (the posterior of one real defect of the type), "mix" (between two of them),
            "perturb" (one, disturbed), "auto" (half sampler, half mixes; sampler where the type has no reference).
        count: codes per item.
        generators: one per item, so that an item's codes do not depend on its neighbours.

    Returns:
        (B,count,Z).
    """
    check_choice(source, ("auto", "sampler", "reference", "mix", "perturb"), "codes")
    noise: list[torch.Tensor] = []
    others: list[torch.Tensor] = []
    for kind, generator in zip(conditions.kind.tolist(), generators, strict=True):
        candidates = torch.nonzero(parts.references.kind == kind).flatten()
        if source not in ("auto", "sampler") and len(candidates) == 0:
            raise InputRefused(
                expected="real reference defects of the type for this source of codes",
                found="none in the training data",
                action="Use codes = 'sampler', or train with masked defects of this type.",
            )
        from_sampler = count if source == "sampler" or len(candidates) == 0 else 0
        if source == "auto" and len(candidates):
            from_sampler = (count + 1) // 2
        noise.append(torch.randn(from_sampler, parts.codes.code_size, generator=generator))
        mode = "mix" if source == "auto" else source
        others.append(
            torch.stack(
                [
                    _from_references(parts.references, candidates, mode, generator)
                    for _ in range(count - from_sampler)
                ]
            )
            if count > from_sampler
            else parts.references.mean[:0]
        )
    return torch.stack(
        [torch.cat(pair) for pair in zip(_sampled(parts, conditions, noise), others, strict=True)]
    )


def codes_of(
    parts: Parts, latent: torch.Tensor, conditions: Conditions, count: int, generators: list[torch.Generator]
) -> torch.Tensor:
    """`count` draws from the posterior of each latent's own code.

    Args:
        parts: the model.
        latent: (B,K,h,w), what the code is to say.
        conditions: (B,...) of the windows.
        count: draws per item.
        generators: one per item.

    Returns:
        (B,count,Z).
    """
    mean, log_var = parts.prior.encode(latent, conditions)
    noise = torch.stack([torch.randn(count, mean.shape[1], generator=own) for own in generators])
    return mean[:, None] + (0.5 * log_var).exp()[:, None] * noise.to(mean.device)


def _sampled(parts: Parts, conditions: Conditions, noise: list[torch.Tensor]) -> Sequence[torch.Tensor]:
    """The code sampler's answers to each item's noise (n,Z), all in one pass."""
    counts = [len(own) for own in noise]
    owners = torch.repeat_interleave(torch.arange(len(noise)), torch.tensor(counts))
    if not len(owners):
        return [parts.references.mean[:0]] * len(noise)
    return parts.codes.from_noise(conditions.pick(owners), torch.cat(noise)).split(counts)


def _from_references(
    references: References, candidates: torch.Tensor, mode: str, generator: torch.Generator
) -> torch.Tensor:
    """One code (Z,) from one or two real defects."""

    def draw() -> torch.Tensor:
        row = candidates[int(torch.randint(len(candidates), (1,), generator=generator))]
        noise = torch.randn(references.mean.shape[1], generator=generator).to(references.mean.device)
        return references.mean[row] + (0.5 * references.log_var[row]).exp() * noise

    first = draw()
    if mode == "mix":
        return slerp(first, draw(), float(torch.rand(1, generator=generator)))
    if mode == "perturb":
        noise = torch.randn(first.shape, generator=generator).to(first.device)
        # Variance preserving, so that the code stays in the shell where the decoder has learned.
        return (1 - PERTURBATION**2) ** 0.5 * first + PERTURBATION * noise
    return first


def nearest_to_target(wanted: Wanted, differences: Sequence[np.ndarray]) -> int:
    """Index of the difference (H,W,C) that comes nearest to what is asked for; 0 without a target."""
    if wanted.target is None:
        return 0
    return int(np.argmin([wanted.gap(wanted.contrast(one)) for one in differences]))


def slerp(first: torch.Tensor, second: torch.Tensor, share: float) -> torch.Tensor:
    """Point on the arc from `first` to `second`, (Z,) each; `share` 0 gives the first, 1 the second."""
    norms = first.norm(), second.norm()
    cosine = torch.dot(first, second) / (norms[0] * norms[1]).clamp_min(1e-8)
    angle = torch.acos(cosine.clamp(-1.0, 1.0))
    if float(angle.sin()) < 1e-4:
        return (1 - share) * first + share * second
    return (((1 - share) * angle).sin() * first + (share * angle).sin() * second) / angle.sin()
