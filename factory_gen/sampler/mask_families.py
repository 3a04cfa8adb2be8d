"""New mask shapes: warped real ones, and procedural ones whose family is read off the type's real masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.images.masks import bounds, components, warp

LINE_ELONGATION = 4.0
WARP = {"turn": 25.0, "scale": (0.7, 1.35), "wobble": 0.14}


@dataclass(frozen=True)
class ShapeStatistics:
    """What a type's real masks look like.

    Attributes:
        family: "line" (long and thin) or "blob".
        lengths: length of each real piece along its main axis, pixels.
        widths: mean thickness of each, pixels.
    """

    family: str
    lengths: tuple[float, ...]
    widths: tuple[float, ...]


def measure_shapes(masks: Sequence[np.ndarray]) -> ShapeStatistics:
    """Statistics of the largest piece of each mask (H,W) bool."""
    lengths, widths = [], []
    for mask in masks:
        piece = components(mask)[0]
        top, left, bottom, right = bounds(piece)
        points = np.argwhere(piece[top:bottom, left:right]).astype(np.float32)
        if len(points) < 3:
            lengths.append(float(len(points)))
            widths.append(1.0)
            continue
        (_, _), (first, second), _ = cv2.minAreaRect(points)
        length = max(first, second) + 1.0
        lengths.append(float(length))
        widths.append(float(len(points) / length))
    stretched = np.median(np.array(lengths) / np.maximum(np.array(widths), 1.0)) >= LINE_ELONGATION
    return ShapeStatistics("line" if stretched else "blob", tuple(lengths), tuple(widths))


def procedural_mask(shapes: ShapeStatistics, rng: np.random.Generator) -> np.ndarray:
    """A new mask (h,w) bool of the type's family, with a length and width near those of a real piece."""
    pick = int(rng.integers(len(shapes.lengths)))
    length = max(3.0, shapes.lengths[pick] * rng.uniform(0.7, 1.3))
    width = max(1.0, shapes.widths[pick] * rng.uniform(0.8, 1.25))
    return _line(length, width, rng) if shapes.family == "line" else _blob(length, width, rng)


def warped_mask(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A real mask turned, scaled and bent: (h,w) bool, cut to its bounds."""
    flipped = mask[:, ::-1] if rng.random() < 0.5 else mask
    return warp(flipped, rng, **WARP)  # type: ignore[arg-type]


def _line(length: float, width: float, rng: np.random.Generator) -> np.ndarray:
    """A wandering stroke: direction does a small random walk, thickness swells and thins."""
    side = int(length + 4 * width) + 16
    canvas = np.zeros((2 * side, 2 * side), dtype=np.uint8)
    point = np.array([side, side], dtype=np.float64)
    heading = rng.uniform(0, 2 * np.pi)
    step = max(2.0, width)
    for _ in range(max(1, int(length / step))):
        heading += rng.normal(0, 0.25)
        ahead = point + step * np.array([np.cos(heading), np.sin(heading)])
        thick = max(1, round(width * rng.uniform(0.7, 1.3)))
        start, end = point.round().astype(int).tolist(), ahead.round().astype(int).tolist()
        cv2.line(canvas, start, end, 1, thickness=thick)
        point = np.clip(ahead, 2, 2 * side - 3)
    top, left, bottom, right = bounds(canvas > 0)
    return np.asarray(canvas[top:bottom, left:right] > 0)


def _blob(length: float, width: float, rng: np.random.Generator) -> np.ndarray:
    """An ellipse whose radius swells and shrinks with a few random waves."""
    side = int(1.5 * max(length, width)) + 6
    ys, xs = np.mgrid[0:side, 0:side] - (side - 1) / 2
    turn = rng.uniform(0, np.pi)
    along = (xs * np.cos(turn) + ys * np.sin(turn)) / (length / 2)
    across = (-xs * np.sin(turn) + ys * np.cos(turn)) / (max(1.0, width) * 2 / np.pi)
    angle = np.arctan2(across, along)
    radius = np.ones_like(angle)
    for wave in range(2, 6):
        radius += rng.normal(0, 0.25 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    mask = along**2 + across**2 <= np.maximum(radius, 0.3) ** 2
    if not mask.any():
        mask[side // 2, side // 2] = True
    top, left, bottom, right = bounds(mask)
    return np.asarray(mask[top:bottom, left:right])
