"""Codes of the real defects, kept with the model for few-shot types and for mixing."""

from __future__ import annotations

from typing import Any

import torch

from factory_gen.images.dataset import WindowDraw
from factory_gen.images.masks import bounds
from factory_gen.images.windows import cut, pad_to, place, stack, to_unit
from factory_gen.nets.condition import Conditions
from factory_gen.prior.model import PriorModel
from factory_gen.sampler.parts import References
from factory_gen.training.latents import LatentBank, build_conditions, hole_cells

MARGIN = 6


@torch.no_grad()
def encode_references(
    bank: LatentBank, prior: PriorModel, windows: WindowDraw, autoencoder: Any
) -> References:
    """Encode each real defect's window around the middle of its mask, and measure the spread of the bank's latents.

    Args:
        bank: latents of the training windows.
        prior: trained.
        windows: names the pictures and the window's size.
        autoencoder: trained.
    """
    pictures, size, factor = windows.pictures, windows.size, autoencoder.factor
    device = bank.device
    means, log_vars, kinds = [], [], []
    for image in pictures.defective:
        if image.mask is None or image.defect_type is None:
            continue
        mask_full = pad_to(image.mask, size)
        top, left, bottom, right = bounds(mask_full)
        corner = place(((top + bottom) / 2, (left + right) / 2), size, *mask_full.shape)
        mask = cut(mask_full, *corner, size)
        if not mask.any():
            continue
        values = to_unit(cut(pad_to(image.pixels, size), *corner, size), image.bit_depth, pictures.channels)
        kind = pictures.types.index(image.defect_type)
        strength = image.strength if image.strength is not None else float("nan")
        hole = hole_cells(mask, MARGIN, factor)
        conditions: Conditions = build_conditions(
            [values], [mask], [hole], [kind], [strength], autoencoder.encode, factor, device=device
        )
        mean, log_var = prior.encode(autoencoder.encode(stack([values]).to(device)), conditions)
        means.append(mean)
        log_vars.append(log_var)
        kinds.append(kind)
    empty = torch.zeros(0, prior.code_size, device=device)
    sample = bank.latent[: min(len(bank), 2048)].float()
    return References(
        mean=torch.cat([empty, *means]),
        log_var=torch.cat([empty, *log_vars]),
        kind=torch.tensor(kinds, dtype=torch.long, device=device),
        data_mean=sample.mean(dim=0).to(device),
        data_log_var=sample.var(dim=0).clamp_min(1e-4).log().to(device),
    )
