"""Overlapping windows of the same defect made to agree: one weighted mean wherever they cover the same place.

A defect larger than a window is drawn by several windows at once. Each sees its own surroundings; after every pass of a
network their answers are averaged on the canvas that they share (Bar-Tal et al., "MultiDiffusion", arXiv 2302.08113,
here for a flow), so that there is one picture and no border to see. A defect of one window passes through untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

LEAST = 1e-3


@dataclass(frozen=True)
class Patches:
    """One defect's windows: which rows of a batch, and the corners (top, left) on the defect's canvas, in pixels."""

    rows: slice
    corners: Sequence[tuple[int, int]]
    height: int
    width: int


class Quilt:
    """A batch of windows that belong to several defects.

    Args:
        places: per defect, the windows' corners (top, left) on its canvas, in pixels, and the canvas's height and
            width; all multiples of `factor` where the defect has more than one window.
        size: side S of a window in pixels.
        factor: pixels per latent cell.
    """

    def __init__(
        self, places: Sequence[tuple[Sequence[tuple[int, int]], int, int]], size: int, factor: int
    ) -> None:
        self.size, self.factor = size, factor
        self.patches: list[Patches] = []
        start = 0
        for corners, height, width in places:
            rows = slice(start, start + len(corners))
            self.patches.append(Patches(rows, tuple(corners), height, width))
            start = rows.stop
        self.owners = np.repeat(np.arange(len(places)), [len(corners) for corners, _, _ in places])

    def agree(self, maps_BKhw: torch.Tensor) -> torch.Tensor:
        """Latents (B,K,h,w) whose values agree wherever two windows of a defect overlap."""
        result = maps_BKhw
        for one in self.patches:
            if len(one.corners) > 1:
                if result is maps_BKhw:
                    result = maps_BKhw.clone()
                merged = _merge(maps_BKhw[one.rows], one, self.factor)
                result[one.rows] = _cut(merged, one, maps_BKhw.shape[-1], self.factor)
        return result

    def merge(self, maps_BKss: torch.Tensor) -> list[torch.Tensor]:
        """Pixel maps (B,K,S,S) to one canvas (K,H,W) per defect; 0 where no window lies."""
        return [_merge(maps_BKss[one.rows], one, 1) for one in self.patches]

    def noise(self, channels: int, generators: Sequence[torch.Generator]) -> torch.Tensor:
        """Standard normal latents (B,channels,h,w), one field per defect, shared by its windows."""
        cells = self.size // self.factor
        rows = []
        for one, generator in zip(self.patches, generators, strict=True):
            if len(one.corners) == 1:
                rows.append(torch.randn(channels, cells, cells, generator=generator)[None])
                continue
            field = torch.randn(
                channels, one.height // self.factor, one.width // self.factor, generator=generator
            )
            rows.append(_cut(field, one, cells, self.factor))
        return torch.cat(rows)


def ramp(size: int, device: torch.device) -> torch.Tensor:
    """Weight (size,size) of a window's values: 1 in the middle, a cosine down over a quarter of the side at its rim."""
    steps = torch.arange(size, device=device, dtype=torch.float32) + 0.5
    inward = torch.minimum(steps, size - steps) / (size / 4)
    line = 0.5 - 0.5 * torch.cos(torch.pi * inward.clamp(max=1.0))
    line = line.clamp_min(LEAST)
    return line[:, None] * line[None, :]


def _merge(maps: torch.Tensor, one: Patches, cell: int) -> torch.Tensor:
    """Weighted mean of windows (n,K,s,s) on a canvas (K,H/cell,W/cell)."""
    side = maps.shape[-1]
    weight = ramp(side, maps.device)
    total = torch.zeros(maps.shape[1], one.height // cell, one.width // cell, device=maps.device)
    share = torch.zeros_like(total[0])
    for values, (top, left) in zip(maps, one.corners, strict=True):
        rows = slice(top // cell, top // cell + side)
        columns = slice(left // cell, left // cell + side)
        total[:, rows, columns] += weight * values
        share[rows, columns] += weight
    return total / share.clamp_min(LEAST * LEAST)


def _cut(canvas: torch.Tensor, one: Patches, side: int, cell: int) -> torch.Tensor:
    """Windows (n,K,s,s) of a canvas (K,h,w)."""
    return torch.stack(
        [
            canvas[:, top // cell : top // cell + side, left // cell : left // cell + side]
            for top, left in one.corners
        ]
    )
