"""The demo plant's three defect types, drawn on the part's flat map: thin, small and wide.

Each type has its place on the part, as in a real plant: cracks start at the outer edge, pits lie in the middle,
stains gather towards the inner edge. Sizes are in photo pixels times `OVERSAMPLE`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from factory_gen.images.demo_part import OVERSAMPLE, Flaw, Segment

FlawDrawer = Callable[[Segment, np.random.Generator], Flaw]


def draw_crack(segment: Segment, rng: np.random.Generator) -> Flaw:
    """Draw a thin dark line with one or two branches that wanders in from the outer edge."""
    rows, columns = segment.map_size
    unit = _unit(segment)
    start = np.array([columns * rng.uniform(0.12, 0.88), rows * rng.uniform(0.05, 0.3)])
    heading = rng.uniform(0.15, 0.85) * np.pi
    main = _wander(start, heading, int(rng.integers(15, 29)), 2.6 * unit, rng)
    lines = [(main, 1.0)]
    for _ in range(int(rng.integers(1, 3))):
        fork = int(rng.integers(len(main) // 4, 3 * len(main) // 4))
        side = heading + rng.choice([-1, 1]) * rng.uniform(0.7, 1.15)
        lines.append((_wander(main[fork], side, int(rng.integers(5, 11)), 2.4 * unit, rng), 0.7))
    depth = np.zeros((rows, columns), np.float32)
    mask = np.zeros((rows, columns), np.uint8)
    for points, strength in lines:
        _draw_tapered(depth, mask, points, strength, unit)
    depth = np.minimum(cv2.GaussianBlur(depth, (0, 0), 0.75) * 1.25, 1)
    lip = np.clip(np.roll(depth, 2 * OVERSAMPLE, axis=1) - depth, 0, 1)  # the lit flank of the gap
    shade = -rng.uniform(0.5, 0.66) * depth + 0.11 * lip
    return Flaw(shade=shade.astype(np.float32), mask=mask > 0)


def draw_pit(segment: Segment, rng: np.random.Generator) -> Flaw:
    """Draw one to three dark hollows with a shadowed and a lit wall and a bright rim."""
    rows, columns = segment.map_size
    unit = _unit(segment)
    shade = np.zeros((rows, columns), np.float32)
    mask = np.zeros((rows, columns), bool)
    centre = np.array([columns * rng.uniform(0.15, 0.85), rows * rng.uniform(0.35, 0.65)])
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        radius = rng.uniform(3.2, 6.2) * unit
        distance, angle = _outline_distance((rows, columns), centre, radius, 0.25, rng)
        hollow = np.clip((1.05 - distance) / 0.35, 0, 1)
        wall = np.clip(1 - np.abs(distance - 0.85) / 0.3, 0, 1) * np.cos(angle + 0.8)
        rim = np.exp(-np.square((distance - 1.14) / 0.11)) * np.clip(0.35 + np.cos(angle + 0.8), 0, 1.2)
        here = distance < 1.34
        if not (here & mask).any():  # two hollows side by side, never one across the other
            shade = np.where(here, -0.52 * hollow + 0.2 * wall * hollow + 0.3 * rim, shade)
            mask |= here
        step, turn = rng.uniform(14, 24) * unit, rng.uniform(0, 2 * np.pi)
        centre = centre + step * np.array([np.cos(turn), np.sin(turn)])
        centre = np.clip(centre, 11 * unit, (columns - 11 * unit, rows - 11 * unit))
    return Flaw(shade=shade.astype(np.float32), mask=mask)


def draw_stain(segment: Segment, rng: np.random.Generator) -> Flaw:
    """Draw a dried drop of coolant: a wide, smooth, darker area with an even darker tide mark."""
    rows, columns = segment.map_size
    unit = _unit(segment)
    centre = np.array([columns * rng.uniform(0.2, 0.8), rows * rng.uniform(0.5, 0.74)])
    distance, _ = _outline_distance((rows, columns), centre, rng.uniform(13, 21) * unit, 0.5, rng)
    patches = cv2.resize(rng.uniform(0.75, 1.2, (6, 12)).astype(np.float32), (columns, rows))
    inside = np.clip((1 - distance) / 0.12, 0, 1)
    tide = np.exp(-np.square((distance - 0.93) / 0.055))
    strength = rng.uniform(0.17, 0.25)
    shade = -strength * patches * inside - 0.5 * strength * tide
    return Flaw(shade=shade.astype(np.float32), mask=distance < 1.04)


DEFECTS: dict[str, FlawDrawer] = {"crack": draw_crack, "pit": draw_pit, "stain": draw_stain}


def _unit(segment: Segment) -> float:
    """Map pixels for one photo pixel of a full-size part; a tiny part gets smaller defects, but not too small."""
    return OVERSAMPLE * max(0.6, segment.outer / 360)


def _wander(
    start: np.ndarray, heading: float, steps: int, stride: float, rng: np.random.Generator
) -> np.ndarray:
    """Points (steps+1,2) in x, y of a line that keeps its heading but never runs straight."""
    bends = np.cumsum(rng.normal(0, 0.28, steps)) * 0.55 + rng.normal(0, 0.3, steps)
    directions = heading + bends
    moves = stride * np.stack([np.cos(directions), np.sin(directions)], axis=1)
    return np.concatenate([start[None], start + np.cumsum(moves, axis=0)])


def _draw_tapered(
    depth: np.ndarray, mask: np.ndarray, points: np.ndarray, strength: float, unit: float
) -> None:
    """Draw a line that thins out into `depth` and its generous outline into `mask`, both in place."""
    count = len(points) - 1
    for index in range(count):
        # A main line starts thin, is widest after a quarter of its length and runs out to a hair.
        opening = (index + 1) / (0.25 * count) if strength == 1 else 1.0
        rest = min(opening, (1 - index / count) / 0.75, 1.0)
        ends = [tuple(round(float(v) * 16) for v in points[index + offset]) for offset in (0, 1)]
        width = max(1, round((0.35 + 0.75 * rest) * unit * strength))
        cv2.line(depth, ends[0], ends[1], strength * (0.45 + 0.55 * rest), width, cv2.LINE_AA, 4)
        cv2.line(mask, ends[0], ends[1], 1, width + 2 * OVERSAMPLE, cv2.LINE_8, 4)


def _outline_distance(
    size: tuple[int, int], centre: np.ndarray, radius: float, ragged: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Distance from a centre in units of a wavy radius, 1 on the outline, and the angle; both (R,A)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    x, y = (x - centre[0]) / rng.uniform(1.0, 1.35), y - centre[1]
    angle = np.arctan2(y, x)
    wave = sum(
        rng.normal(0, ragged / order**1.4) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
        for order in range(2, 7)
    )
    return np.hypot(x, y) / (radius * np.clip(1 + wave, 0.55, 1.6)), angle
