"""A defect with its surroundings as the judging network sees it, and the network's maps of it.

The view is a square around the mask, at native resolution as long as the mask leaves room in 128 pixels, else shrunk.
The maps are the first three stages of EfficientNet-Lite0, which tell edges, grain and small shapes, on a grid of
4 x 4 pixels; deeper stages tell cats from dogs and did not help on real tiles.

Shape legend: B views, S = 128 pixels, G = 32 cells, F = 80 map channels, D = 1,280 pooled features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from factory_gen.checks import check_mask
from factory_gen.images.masks import bounds, pool
from factory_gen.metrics.features import FeatureNet

VIEW = 128
GRID = 32
CELL = VIEW // GRID
MAP_CHANNELS = 80
STAGES = 3
ROOM = 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DefectView:
    """One defect cut out for judging.

    Fields:
        pixels: (S,S,C) float32 in [-1,1]; mirrored where the picture ends.
        mask: (S,S) bool, at least one True.
        inside: (S,S) bool, where the picture is.
    """

    pixels: np.ndarray
    mask: np.ndarray
    inside: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DefectMaps:
    """What the network makes of B views.

    Fields:
        maps: (B,F,G,G) float32, each channel's median over the view taken off.
        share: (B,G,G) float32, share of each cell under the mask.
        inside: (B,G,G) bool, cells that lie in the picture.
        pooled: (B,D) float32, features of the whole views.
    """

    maps: np.ndarray
    share: np.ndarray
    inside: np.ndarray
    pooled: np.ndarray

    def __len__(self) -> int:
        return len(self.maps)

    @property
    def marked(self) -> np.ndarray:
        """Cells that count as defect, (B,G,G) bool: mostly under the mask, or as much as any where it is thin."""
        most = self.share.reshape(len(self), -1).max(axis=1, initial=0.0)
        return np.asarray(self.share >= np.minimum(0.5, np.maximum(most, 1e-6))[:, None, None])

    def rows(self, which: np.ndarray) -> DefectMaps:
        """Some of the views, by index or by a bool for each."""
        return DefectMaps(
            maps=self.maps[which],
            share=self.share[which],
            inside=self.inside[which],
            pooled=self.pooled[which],
        )


def view_defect(picture: np.ndarray, mask: np.ndarray) -> DefectView:
    """Cut out the view of one defect.

    Args:
        picture: (H,W,C) float32 in [-1,1].
        mask: (H,W) bool.

    Raises:
        UsageError: the mask is empty or of another size than the picture.
    """
    check_mask(mask, picture.shape[:2], "mask")
    top, left, bottom, right = bounds(mask)
    side = max(VIEW, int(np.ceil(ROOM * max(bottom - top, right - left))))
    height, width = mask.shape
    rows, columns = _stretch((top + bottom) / 2, side, height), _stretch((left + right) / 2, side, width)
    pixels = _cut(picture, rows, columns, cv2.BORDER_REFLECT)
    cut_mask = _cut(mask.astype(np.float32), rows, columns, cv2.BORDER_CONSTANT)
    inside = _cut(np.ones(mask.shape, np.float32), rows, columns, cv2.BORDER_CONSTANT)
    if side != VIEW:
        pixels, cut_mask, inside = (
            cv2.resize(a, (VIEW, VIEW), interpolation=cv2.INTER_AREA) for a in (pixels, cut_mask, inside)
        )
    # A defect smaller than a pixel of the shrunk view keeps its strongest one.
    held = cut_mask >= min(0.5, float(cut_mask.max()))
    return DefectView(
        pixels=np.ascontiguousarray(pixels.reshape(VIEW, VIEW, -1)), mask=held, inside=inside >= 0.5
    )


@torch.no_grad()
def describe(net: FeatureNet, views: Sequence[DefectView], batch: int = 16) -> DefectMaps:
    """Maps and features of many views, a batch at a time."""
    maps, pooled = [], []
    for start in range(0, len(views), batch):
        # Grey and colour pictures of one part may come together.
        three = [np.broadcast_to(view.pixels, (VIEW, VIEW, 3)) for view in views[start : start + batch]]
        some = np.stack(three).transpose(0, 3, 1, 2)
        grids, features = _forward(net, net.prepared(torch.from_numpy(np.ascontiguousarray(some))))
        maps.append(grids)
        pooled.append(features)
    shape = (0, GRID, GRID)
    return DefectMaps(
        maps=np.concatenate([np.zeros((0, MAP_CHANNELS, GRID, GRID), np.float32), *maps]),
        share=np.stack([pool(v.mask, CELL) for v in views]) if views else np.zeros(shape, np.float32),
        inside=np.stack([pool(v.inside, CELL) > 0.5 for v in views]) if views else np.zeros(shape, bool),
        pooled=np.concatenate([np.zeros((0, net.num_features), np.float32), *pooled]),
    )


def _forward(net: FeatureNet, pictures_BCHW: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """One pass that keeps the first stages on its way: maps (B,F,G,G) and pooled features (B,D)."""
    inner: nn.Module = net.net
    hidden = inner.bn1(inner.conv_stem(pictures_BCHW.contiguous(memory_format=torch.channels_last)))  # type: ignore[operator]
    kept = []
    for number, stage in enumerate(inner.blocks):  # type: ignore[arg-type]
        hidden = stage(hidden)
        if number < STAGES:
            kept.append(_on_grid(hidden))
    pooled = inner.forward_head(inner.bn2(inner.conv_head(hidden)))  # type: ignore[operator]
    maps = torch.cat(kept, dim=1).float()
    maps = maps - maps.flatten(2).median(dim=2).values[:, :, None, None]
    return maps.cpu().numpy(), pooled.float().cpu().numpy()


def _on_grid(stage_BFhw: torch.Tensor) -> torch.Tensor:
    size = stage_BFhw.shape[-1]
    if size > GRID:
        return avg_pool2d(stage_BFhw, size // GRID)
    return interpolate(stage_BFhw, size=(GRID, GRID), mode="bilinear", align_corners=False)


def _stretch(centre: float, side: int, length: int) -> tuple[int, int]:
    """First and last (exclusive) row of a view, inside the picture where it is large enough."""
    start = round(centre - side / 2)
    if side <= length:
        start = min(max(start, 0), length - side)
    return start, start + side


def _cut(array: np.ndarray, rows: tuple[int, int], columns: tuple[int, int], border: int) -> np.ndarray:
    height, width = array.shape[:2]
    kept = array[max(0, rows[0]) : rows[1], max(0, columns[0]) : columns[1]]
    frame = (max(0, -rows[0]), max(0, rows[1] - height), max(0, -columns[0]), max(0, columns[1] - width))
    return np.asarray(cv2.copyMakeBorder(kept, *frame, border)) if any(frame) else kept
