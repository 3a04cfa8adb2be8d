"""Mask shapes out of nothing: their family is read off the type's real masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.images.masks import bounds, components

LINE_ELONGATION = 7.0
STROKES = 8


@dataclass(frozen=True)
class ShapeStatistics:
    """What a type's real masks look like.

    Attributes:
        family: "line" (long and thin) or "blob".
        lengths: length of each real piece along its main axis, pixels.
        widths: mean thickness of each, pixels.
        angles: direction of each main axis in radians, 0 to the right, rising downwards.
        bends: breadth of each one's smallest box over its length: 0 straight, 1 curled up.
    """

    family: str
    lengths: tuple[float, ...]
    widths: tuple[float, ...]
    angles: tuple[float, ...]
    bends: tuple[float, ...]


def measure_shapes(masks: Sequence[np.ndarray]) -> ShapeStatistics:
    """Statistics of the largest piece of each mask (H,W) bool."""
    found = [_measure(components(mask)[0]) for mask in masks]
    lengths, widths, angles, bends = zip(*found, strict=True)
    stretched = np.median(np.array(lengths) / np.maximum(np.array(widths), 1.0)) >= LINE_ELONGATION
    return ShapeStatistics("line" if stretched else "blob", lengths, widths, angles, bends)


def _measure(piece: np.ndarray) -> tuple[float, float, float, float]:
    """Length, width, angle and bend of one piece."""
    top, left, bottom, right = bounds(piece)
    points = np.argwhere(piece[top:bottom, left:right])[:, ::-1].astype(np.float32)
    if len(points) < 3:
        return float(len(points)), 1.0, 0.0, 1.0
    _, sides, _ = cv2.minAreaRect(points)
    length = max(sides) + 1.0
    _, vectors = np.linalg.eigh(np.cov(points.T))
    angle = float(np.arctan2(vectors[1, 1], vectors[0, 1]))
    return float(length), float(len(points) / length), angle, float((min(sides) + 1.0) / length)


def procedural_mask(
    shapes: ShapeStatistics, rng: np.random.Generator, mirror: tuple[bool, bool] = (False, False)
) -> np.ndarray:
    """A new mask (h,w) bool of the type's family, with length, width, direction and bend near those of a real piece.

    Args:
        shapes: of the type.
        rng: source of randomness.
        mirror: whether the direction is mirrored left to right, top to bottom.
    """
    pick = int(rng.integers(len(shapes.lengths)))
    length = max(3.0, shapes.lengths[pick] * rng.uniform(0.7, 1.3))
    width = max(1.0, shapes.widths[pick] * rng.uniform(0.8, 1.25))
    angle = shapes.angles[pick] * (-1 if mirror[0] != mirror[1] else 1) + rng.normal(0, 0.15)
    if shapes.family == "blob":
        return _blob(length, width, angle, rng)
    strokes = [_line(length, width, angle, 0.25 * number / STROKES, rng) for number in range(1, STROKES + 1)]
    # Real cracks of a part may be straight or curled: of some strokes the one that is bent like the real piece.
    return min(strokes, key=lambda mask: abs(_measure(mask)[3] - shapes.bends[pick]))


def _line(length: float, width: float, angle: float, wander: float, rng: np.random.Generator) -> np.ndarray:
    """A wandering stroke: direction does a small random walk, thickness swells and thins."""
    side = int(length + 4 * width) + 16
    canvas = np.zeros((2 * side, 2 * side), dtype=np.uint8)
    point = np.array([side, side], dtype=np.float64)
    heading = angle + np.pi * rng.integers(2)
    step = max(2.0, width)
    for _ in range(max(1, int(length / step))):
        heading += rng.normal(0, wander)
        ahead = point + step * np.array([np.cos(heading), np.sin(heading)])
        thick = max(1, round(width * rng.uniform(0.7, 1.3)))
        start, end = point.round().astype(int).tolist(), ahead.round().astype(int).tolist()
        cv2.line(canvas, start, end, 1, thickness=thick)
        point = np.clip(ahead, 2, 2 * side - 3)
    top, left, bottom, right = bounds(canvas > 0)
    return np.asarray(canvas[top:bottom, left:right] > 0)


def _blob(length: float, width: float, turn: float, rng: np.random.Generator) -> np.ndarray:
    """An ellipse whose radius swells and shrinks with a few random waves."""
    side = int(1.5 * max(length, width)) + 6
    ys, xs = np.mgrid[0:side, 0:side] - (side - 1) / 2
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
