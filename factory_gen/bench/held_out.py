"""Held-out windows to compare with: one split's good and defective windows, as latents and as features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartPictures, WindowDraw
from factory_gen.metrics.features import FeatureNet
from factory_gen.nets.condition import Conditions
from factory_gen.seeds import numpy_generator
from factory_gen.training.latents import LatentBank, LatentBatch

WHOLE = "whole"
INPAINT = "inpaint"
SETS = (WHOLE, INPAINT)
AUTOENCODED = "autoencoded"
RAW = "raw"


@dataclass(frozen=True)
class HeldOut:
    """One split of the hold-out.

    Attributes:
        name: "validation" or "test".
        windows: set name to latents and what is told when that set is generated: good windows made whole, defect
            windows made inside their hole.
        features: (set, reference) to (N,1280) features of the real windows; reference is `AUTOENCODED` or `RAW`.
    """

    name: str
    windows: Mapping[str, LatentBatch]
    features: Mapping[tuple[str, str], np.ndarray]


@torch.no_grad()
def make_held_out(
    name: str,
    pictures: PartPictures,
    types: tuple[str, ...],
    autoencoder: Any,
    nets: FeatureNet,
    *,
    window: int,
    count: int,
    seed: int,
    device: torch.device,
) -> HeldOut:
    """Draw a split's windows.

    Args:
        name: of the split.
        pictures: of this split only.
        types: the training's types; a type it does not know is told as "not told".
        autoencoder: trained.
        nets: features.
        window: side in pixels.
        count: windows per set.
        seed: of the windows.
        device: of the latents.

    Raises:
        InputRefused: the split has no good or no defective picture with a mask.
    """
    if not pictures.good or not pictures.defective:
        raise InputRefused(
            expected=f"good and defective hold-out pictures in the {name} split",
            found=f"{len(pictures.good)} good, {len(pictures.defective)} defective",
            action="Hold out more groups when ingesting, so that the hold-out can be split in two.",
        )
    draw = WindowDraw(pictures, window, ())
    bank = LatentBank(
        draw, autoencoder.encode, factor=autoencoder.factor, count=3 * count, seed=seed, device=device
    )
    everything = bank.rows(torch.arange(len(bank)))
    kinds = everything.conditions.kind
    good, bad = torch.nonzero(kinds == 0)[:count, 0], torch.nonzero(kinds > 0)[:count, 0]
    known = {
        WHOLE: _whole(_rows(everything, good)),
        INPAINT: _renamed(_rows(everything, bad), pictures.types, types),
    }
    rng = numpy_generator(seed, "bench", name)
    features = {}
    for kind, batch in known.items():
        features[kind, AUTOENCODED] = nets.embed(decode(autoencoder, batch.latent))
        drawn = [draw.good(rng) if kind == WHOLE else draw.defect(rng) for _ in range(count)]
        features[kind, RAW] = nets.embed(np.stack([one.pixels.transpose(2, 0, 1) for one in drawn]))
    return HeldOut(name, known, features)


@torch.no_grad()
def window_features(
    draw: WindowDraw, autoencoder: Any, nets: FeatureNet, count: int
) -> dict[tuple[str, str], np.ndarray]:
    """Features (N,1280) of training windows, raw and through the autoencoder, by (set, reference)."""
    rng, device = numpy_generator(7, "bench", "seen"), autoencoder.latent_mean.device
    result = {}
    for kind in SETS:
        drawn = [draw.good(rng) if kind == WHOLE else draw.defect(rng) for _ in range(count)]
        windows = torch.from_numpy(np.stack([one.pixels.transpose(2, 0, 1) for one in drawn]))
        latent = torch.cat([autoencoder.encode(part.to(device)) for part in windows.split(64)])
        result[kind, RAW] = nets.embed(windows)
        result[kind, AUTOENCODED] = nets.embed(decode(autoencoder, latent))
    return result


@torch.no_grad()
def decode(autoencoder: Any, latent_BKhw: torch.Tensor) -> torch.Tensor:
    """Latents to windows (B,C,S,S) in [-1,1] on the CPU, a few at a time."""
    device = autoencoder.latent_mean.device
    parts = [autoencoder.decode(part.to(device)).clamp(-1.0, 1.0).cpu() for part in latent_BKhw.split(64)]
    return torch.cat(parts)


def _rows(batch: LatentBatch, index: torch.Tensor) -> LatentBatch:
    told = batch.conditions
    return LatentBatch(
        batch.latent[index],
        Conditions(
            told.context[index], told.hole[index], told.mask[index], told.kind[index], told.strength[index]
        ),
    )


def _whole(batch: LatentBatch) -> LatentBatch:
    """Everything is hole: nothing of the window is told but that it is good."""
    told = batch.conditions
    return LatentBatch(
        batch.latent,
        replace(
            told,
            context=torch.zeros_like(told.context),
            hole=torch.ones_like(told.hole),
            mask=torch.zeros_like(told.mask),
            strength=torch.full_like(told.strength, float("nan")),
        ),
    )


def _renamed(batch: LatentBatch, own: tuple[str, ...], wanted: tuple[str, ...]) -> LatentBatch:
    """The split's type numbers as the training counts them."""
    table = torch.tensor([wanted.index(name) if name in wanted else len(wanted) for name in own])
    told = batch.conditions
    return LatentBatch(
        batch.latent,
        replace(
            told,
            kind=table[told.kind.cpu()].to(told.kind.device),
            strength=torch.full_like(told.strength, float("nan")),
        ),
    )
