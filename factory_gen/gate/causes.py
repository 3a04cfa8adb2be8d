"""Why a set did not help: the types that lost, the samples that the inspector found hardest, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.gate.decide import HARMS, HELPS, Lift
from factory_gen.gate.pictures import GatePicture
from factory_gen.metrics.contrast import mask_contrast

HARDEST = 12
FAINT_RANK = 0.1  # a sample fainter than this share of the real defects of its type is faint
MANY_FAINT = 0.25


@dataclass(frozen=True)
class Causes:
    """What speaks against a set.

    Attributes:
        lost_types: types whose lift is below 0, worst first.
        hardest: keys of the samples with the highest mean loss in training, highest first, with that loss.
        faint: type to the share of samples fainter than nine tenths of the real defects; about 0.1 is normal.
        next_step: what to try.
    """

    lost_types: tuple[str, ...]
    hardest: tuple[tuple[str, float], ...]
    faint: Mapping[str, float]
    next_step: str


def find_causes(
    verdict: str,
    per_type: Mapping[str, Lift],
    losses: Sequence[Mapping[str, float]],
    faint: Mapping[str, float],
    shares: Mapping[str, float],
) -> Causes:
    """Gather the causes.

    Args:
        verdict: of the gate.
        per_type: type to the judged arm's lift.
        losses: per run, sample to mean loss.
        faint: see `faint_shares`.
        shares: type to the share that the validation chose.
    """
    lost = tuple(
        sorted((name for name in per_type if per_type[name].lift < 0), key=lambda n: per_type[n].lift)
    )
    sums: dict[str, list[float]] = {}
    for one in losses:
        for key, loss in one.items():
            sums.setdefault(key, []).append(loss)
    means = sorted(((key, float(np.mean(found))) for key, found in sums.items()), key=lambda p: -p[1])
    return Causes(lost, tuple(means[:HARDEST]), faint, _next_step(verdict, lost, faint, shares))


def faint_shares(
    real: Sequence[GatePicture], synthetic: Sequence[GatePicture], most: int = 120
) -> dict[str, float]:
    """Type to the share of our samples that are fainter than nine tenths of the real defects of that type.

    Args:
        real, synthetic: pictures with masks.
        most: pictures looked at per type and side.
    """
    shares = {}
    for name in sorted({label for picture in synthetic for label in picture.masks}):
        ours, theirs = _contrasts(synthetic, name, most), _contrasts(real, name, most)
        if len(ours) and len(theirs):
            shares[name] = float((ours < np.quantile(theirs, FAINT_RANK)).mean())
    return shares


def _contrasts(pictures: Sequence[GatePicture], name: str, most: int) -> np.ndarray:
    of_type = [picture for picture in pictures if name in picture.masks]
    step = max(1, len(of_type) // most)
    found = np.array([mask_contrast(picture.pixels, picture.masks[name]) for picture in of_type[::step]])
    return found[np.isfinite(found)]


def _next_step(
    verdict: str, lost: Sequence[str], faint: Mapping[str, float], shares: Mapping[str, float]
) -> str:
    if verdict == HELPS:
        return "Export the version: factory-gen export."
    too_faint = [name for name, share in faint.items() if share > MANY_FAINT]
    if too_faint:
        return (
            f"Too many samples of {', '.join(too_faint)} are fainter than real ones: generate them again with a "
            "higher --strength, or review and reject the faint ones, then gate the new version."
        )
    if lost and any(shares.get(name, 0) > 0 for name in lost):
        return (
            f"Leave out {', '.join(lost)}: export and gate the other types alone (factory-gen gate --defect TYPE), "
            "and look at the samples with the highest loss."
        )
    if verdict == HARMS:
        return "Look at the samples with the highest loss: their masks or textures may be off. Train longer, or more."
    return "More seeds (--seeds) or more held-out defects narrow the interval; a longer training may raise the lift."
