"""Real masks in new shapes, each pixel of which knows where in the real picture it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from factory_gen.images.masks import warp_traced
from factory_gen.sampler.spots import Box, Spot

WARP: dict[str, Any] = {"turn": 25.0, "scale": (0.7, 1.35), "wobble": 0.14}
# A defect that comes in from the border keeps its side there, so it is turned and bent less.
ANCHORED_WARP: dict[str, Any] = {"turn": 8.0, "scale": (0.7, 1.35), "wobble": 0.08}
_MOVED = 0.02


@dataclass(frozen=True, eq=False)
class Shape:
    """A mask that is to be placed.

    Attributes:
        mask: (h,w) bool.
        rows, columns: (h,w) float32, the place in the real picture that each pixel comes from; None for a drawn one.
    """

    mask: np.ndarray
    rows: np.ndarray | None = None
    columns: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Trace:
    """Which pixels of a real picture lie under a placed mask.

    Attributes:
        real: (H,W) bool, the real defect's mask in its picture.
        corner: (top, left) of the shape in the new picture; it may lie outside.
        rows, columns: (h,w) float32, places in the real picture.
    """

    real: np.ndarray
    corner: Spot
    rows: np.ndarray
    columns: np.ndarray


def trace_of(real: np.ndarray, shape: Shape, corner: Spot) -> Trace | None:
    """The trace of a shape of the mask `real` (H,W) at a corner; None for a drawn shape."""
    if shape.rows is None or shape.columns is None:
        return None
    return Trace(real, corner, shape.rows, shape.columns)


def warped_shape(
    mask: np.ndarray,
    rng: np.random.Generator,
    mirror: tuple[bool, bool] = (False, False),
    *,
    anchored: bool = False,
) -> Shape:
    """A real mask mirrored, turned, scaled and bent, cut to its bounds.

    Args:
        mask: (H,W) bool.
        rng: source of randomness.
        mirror: left to right, top to bottom.
        anchored: whether the mask belongs to the part's border; it is then turned and bent only a little.
    """
    turned = mask[:: -1 if mirror[1] else 1, :: -1 if mirror[0] else 1]
    shape, rows, columns = warp_traced(turned, rng, **(ANCHORED_WARP if anchored else WARP))
    return Shape(shape, *_unmirrored(rows, columns, mask.shape, mirror))


def stretched_shape(
    mask: np.ndarray, own: Box, box: Box, mirror: tuple[bool, bool], rng: np.random.Generator
) -> Shape:
    """A large mask mapped from its own part's box to another part's, mirrored, its edge moved a little.

    Args:
        mask: (H,W) bool, the real one.
        own: box of its part.
        box: of the other part; the shape has its size and belongs at its corner.
        mirror: left to right, top to bottom.
        rng: source of randomness.
    """
    top, left, bottom, right = own
    height, width = box[2] - box[0], box[3] - box[1]
    coarse = rng.normal(size=(2, 5, 5)).astype(np.float32) * _MOVED * max(height, width)
    across, down = (cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    rows = np.clip((ys + down + 0.5) * ((bottom - top) / height) - 0.5, 0, bottom - top - 1)
    columns = np.clip((xs + across + 0.5) * ((right - left) / width) - 0.5, 0, right - left - 1)
    rows, columns = _unmirrored(rows, columns, (bottom - top, right - left), mirror)
    cut = np.ascontiguousarray(mask[top:bottom, left:right].astype(np.float32))
    shape = cv2.remap(cut, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) >= 0.5
    return Shape(np.asarray(shape), rows + top, columns + left)


def _unmirrored(
    rows: np.ndarray, columns: np.ndarray, size: tuple[int, ...], mirror: tuple[bool, bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Places in a mirrored picture of a size as places in the picture itself."""
    rows = size[0] - 1 - rows if mirror[1] else rows
    columns = size[1] - 1 - columns if mirror[0] else columns
    return rows.astype(np.float32), columns.astype(np.float32)
