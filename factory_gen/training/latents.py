"""The latent bank: windows encoded once, with their holes, masks and types, ready for prior, flow and code sampler.

Encoding on the fly would cost as much as a training step; flips do not commute with the encoder, so they are made on
the pixels before encoding and the bank holds enough random windows to keep their variety.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from factory_gen.images.dataset import Drawn, WindowDraw
from factory_gen.images.masks import dilate, pool
from factory_gen.images.windows import fill_smooth, stack
from factory_gen.nets.condition import Conditions
from factory_gen.seeds import numpy_generator

Encode = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class LatentBatch:
    """Latents y (B,K,h,w) float32 and what is told about them."""

    latent: torch.Tensor
    conditions: Conditions


def hole_cells(mask: np.ndarray, radius: int, factor: int) -> np.ndarray:
    """Latent cells (h,w) bool that a mask grown by `radius` pixels touches."""
    return pool(dilate(mask, radius), factor) > 0


def spread_cells(cells: np.ndarray, factor: int) -> np.ndarray:
    """Latent cells back to pixels: (h,w) bool to (h*factor, w*factor) bool."""
    return np.repeat(np.repeat(cells, factor, axis=0), factor, axis=1)


def mask_channels(mask: np.ndarray, factor: int) -> np.ndarray:
    """Share of defect pixels in each quarter of a latent pixel: (S,S) bool to (4,h,w) float32."""
    half = pool(mask, factor // 2)
    height, width = half.shape
    return (
        half.reshape(height // 2, 2, width // 2, 2).transpose(1, 3, 0, 2).reshape(4, height // 2, width // 2)
    )


def build_conditions(
    windows: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    holes: Sequence[np.ndarray],
    kinds: Sequence[int],
    strengths: Sequence[float],
    encode: Encode,
    factor: int,
    *,
    device: torch.device,
) -> Conditions:
    """Conditions for inpainting: the surroundings encoded with the hole blanked in pixels.

    Args:
        windows: (S,S,C) float32 in [-1,1].
        masks: (S,S) bool defect masks.
        holes: (h,w) bool latent cells to be made.
        kinds, strengths: see `Conditions`.
        encode: windows (B,C,S,S) to latents.
        factor: pixels per latent pixel.
        device: where the result lies.
    """
    blanked = [fill_smooth(w, spread_cells(hole, factor)) for w, hole in zip(windows, holes, strict=True)]
    context = torch.cat([encode(chunk.to(device)) for chunk in stack(blanked).split(64)])
    hole = torch.from_numpy(np.stack(holes)[:, None].astype(np.float32)).to(device)
    # A window that is all hole has no surroundings: zeros, as in training.
    whole = hole.mean(dim=(1, 2, 3), keepdim=True) == 1
    context = torch.where(whole, torch.zeros_like(context), context)
    return Conditions(
        context,
        hole,
        torch.from_numpy(np.stack([mask_channels(m, factor) for m in masks])).to(device),
        torch.tensor(list(kinds), dtype=torch.long, device=device),
        torch.tensor(list(strengths), dtype=torch.float32, device=device),
    )


class LatentBank:
    """Random windows of a part in latent space.

    Args:
        windows: where windows come from.
        encode: windows (B,C,S,S) to standardised latents (B,K,h,w).
        factor: pixels per latent pixel.
        count: number of windows held.
        seed: decides which.
        device: where encoding runs and batches go.
        report: called with the number of windows done.
    """

    def __init__(
        self,
        windows: WindowDraw,
        encode: Encode,
        *,
        factor: int,
        count: int,
        seed: int,
        device: torch.device,
        report: Callable[[int], None] = lambda done: None,
    ) -> None:
        rng = numpy_generator(seed, "latent-bank")
        self.device = device
        self.null_kind = len(windows.pictures.types)
        chunks: list[LatentBatch] = []
        while len(chunks) * 64 < count:
            drawn, masks = _draw_chunk(windows, rng, 64)
            holes = [_random_hole(m, rng, factor) for m in masks]
            conditions = build_conditions(
                [one.pixels for one in drawn],
                [one.mask for one in drawn],
                holes,
                [one.kind for one in drawn],
                [one.strength for one in drawn],
                encode,
                factor,
                device=device,
            )
            latent = encode(stack([one.pixels for one in drawn]).to(device))
            chunks.append(LatentBatch(latent.half().cpu(), _half(conditions)))
            report(min(count, len(chunks) * 64))
        self.latent = torch.cat([c.latent for c in chunks])
        self._parts = [
            torch.cat([getattr(c.conditions, name) for c in chunks])
            for name in ("context", "hole", "mask", "kind", "strength")
        ]

    def __len__(self) -> int:
        return int(self.latent.shape[0])

    def rows(self, index: torch.Tensor) -> LatentBatch:
        """The windows with these numbers (B,), on the device, float32."""
        context, hole, mask, kind, strength = (part[index].to(self.device) for part in self._parts)
        conditions = Conditions(context.float(), hole.float(), mask.float(), kind, strength)
        return LatentBatch(self.latent[index].to(self.device).float(), conditions)

    def draw(
        self, batch: int, generator: torch.Generator, *, whole_share: float, dropout: float
    ) -> LatentBatch:
        """Random windows; some as whole windows without surroundings, some without their type.

        Args:
            batch: how many.
            generator: decides which.
            whole_share: share that becomes a whole window (hole everywhere, no context).
            dropout: share whose type and strength are not told.
        """
        picked = self.rows(torch.randint(len(self), (batch,), generator=generator))
        return self.prepare(picked, generator, whole_share=whole_share, dropout=dropout)

    def prepare(
        self, picked: LatentBatch, generator: torch.Generator, *, whole_share: float, dropout: float
    ) -> LatentBatch:
        """Turn some of a batch into whole windows and hide some types (see `draw`)."""
        batch = picked.latent.shape[0]
        whole = (torch.rand(batch, generator=generator) < whole_share).to(self.device)[:, None, None, None]
        untold = (torch.rand(batch, generator=generator) < dropout).to(self.device)
        silent = (torch.rand(batch, generator=generator) < 0.2).to(self.device)
        told = picked.conditions
        nan = torch.full_like(told.strength, float("nan"))
        conditions = Conditions(
            torch.where(whole, torch.zeros_like(told.context), told.context),
            torch.where(whole, torch.ones_like(told.hole), told.hole),
            told.mask,
            torch.where(untold, torch.full_like(told.kind, self.null_kind), told.kind),
            torch.where(untold | silent, nan, told.strength),
        )
        return LatentBatch(picked.latent, conditions)


def _draw_chunk(
    windows: WindowDraw, rng: np.random.Generator, count: int
) -> tuple[list[Drawn], list[np.ndarray]]:
    """Windows, half of them defective, and a mask for each hole: a good window borrows one from a defect."""
    has_defects = windows.pictures.defective
    drawn, masks = [], []
    for index in range(count):
        if has_defects and index % 2 == 0:
            one = windows.defect(rng)
            masks.append(one.mask if one.mask.any() else _blob(windows.size, rng))
        else:
            one = windows.good(rng)
            borrowed = windows.defect(rng).mask if has_defects else _blob(windows.size, rng)
            masks.append(borrowed if borrowed.any() else _blob(windows.size, rng))
        drawn.append(one)
    return drawn, masks


def _random_hole(mask: np.ndarray, rng: np.random.Generator, factor: int) -> np.ndarray:
    """Latent cells around a mask, grown at random; now and then only one side of a line (a half-done defect)."""
    cells = hole_cells(mask, int(rng.integers(2, 13)), factor)
    if rng.random() < 0.2:
        height, width = cells.shape
        ys, xs = np.mgrid[0:height, 0:width]
        angle = rng.uniform(0, 2 * np.pi)
        side = (xs - rng.uniform(0, width)) * np.cos(angle) + (ys - rng.uniform(0, height)) * np.sin(
            angle
        ) > 0
        if (cells & side).any():
            cells = cells & side
    return cells


def _blob(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random ellipse as a stand-in where the part has no masks."""
    ys, xs = np.mgrid[0:size, 0:size]
    centre, radii = rng.uniform(0.2, 0.8, 2) * size, rng.uniform(0.05, 0.3, 2) * size
    return ((ys - centre[0]) / radii[0]) ** 2 + ((xs - centre[1]) / radii[1]) ** 2 <= 1


def _half(conditions: Conditions) -> Conditions:
    return Conditions(
        conditions.context.half().cpu(),
        conditions.hole.half().cpu(),
        conditions.mask.half().cpu(),
        conditions.kind.cpu(),
        conditions.strength.cpu(),
    )
