"""The demo plant's part: a segment of a ground steel ring, and the camera that photographs it.

The part is drawn once on a flat map (across the ring x along the ring) and then bent into each photograph, so that
several exposures of one physical part show the same grinding marks, as they would in a plant.

Shape legend: R map rows (across the ring, outer edge first), A map columns (along the ring), H and W of the photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

OVERSAMPLE = 2  # map pixels per photo pixel: fine lines survive the bend
GAINS = (0.82, 1.0, 1.2)  # brightness of exposure 1, 2 and 3
_BACKDROP = 0.075


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Size of the part in photo pixels; the same for every part of a plant.

    Fields:
        outer, inner: radii of the ring.
        half_angle: half the opening angle in radians.
        chamfer: width of the broken edge.
    """

    outer: float
    inner: float
    half_angle: float
    chamfer: float

    @property
    def map_size(self) -> tuple[int, int]:
        """Rows and columns (R,A) of the flat map."""
        along = 2 * self.half_angle * (self.outer + self.inner) / 2
        return round((self.outer - self.inner) * OVERSAMPLE), round(along * OVERSAMPLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A defect on the flat map.

    Fields:
        shade: (R,A) float32, relative change of brightness: -0.4 is 40 % darker.
        mask: (R,A) bool, where the part counts as defective; the shade acts nowhere else.
    """

    shade: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture (H,W) uint8 with its exact mask (H,W) bool and the part's outline (H,W) bool."""

    pixels: np.ndarray
    mask: np.ndarray
    part: np.ndarray


def segment_for(side: int) -> Segment:
    """Size the part for photos of about `side` pixels in width."""
    return Segment(outer=1.55 * side, inner=0.95 * side, half_angle=0.33, chamfer=max(2.0, 0.019 * side))


def draw_surface(segment: Segment, rng: np.random.Generator) -> np.ndarray:
    """Draw one part's brightness map (R,A), float32 around 1: grinding marks of several lengths, blotches, grain."""
    rows, columns = segment.map_size
    surface = np.ones((rows, columns), np.float32)
    for length, strength in ((columns, 0.034), (columns // 4, 0.042), (columns // 14, 0.030), (9, 0.018)):
        surface += strength * _streaks(rows, columns, length, rng)
    blotches = rng.standard_normal((5, 9), np.float32)
    surface += 0.022 * cv2.resize(blotches, (columns, rows), interpolation=cv2.INTER_CUBIC)
    surface += 0.030 * _softened(rng.standard_normal((rows, columns), np.float32), 0.9)
    return surface + _deep_marks(rows, columns, rng)


def photograph(
    segment: Segment,
    surface: np.ndarray,
    *,
    exposure: int,
    size: tuple[int, int],
    pose: np.random.Generator,
    grain: np.random.Generator,
    flaw: Flaw | None = None,
) -> Photo:
    """Take one picture of a part.

    With the same generators' states, pictures with and without a flaw are equal outside the mask, bit by bit.

    Args:
        surface: (R,A) from `draw_surface`.
        exposure: 0, 1 or 2: gain and lamp position.
        size: height and width of the photo.
        pose: decides where the part lies (a few pixels, a degree) and how the lamp stands.
        grain: decides the sensor noise.
    """
    radius, angle = _part_coordinates(segment, size, pose)
    depth = np.minimum(segment.outer - radius, radius - segment.inner)
    depth = np.minimum(depth, (segment.half_angle - np.abs(angle)) * radius)
    rows = ((segment.outer - radius) * OVERSAMPLE - 0.5).astype(np.float32)
    columns = ((angle + segment.half_angle) * (segment.outer + segment.inner) / 2 * OVERSAMPLE - 0.5).astype(
        np.float32
    )
    light = _light(segment, angle, radius, depth, exposure, pose)
    lit = light * cv2.remap(surface, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    cover = np.clip(depth + 0.5, 0, 1)
    # The part's soft shadow makes the backdrop a little darker around it.
    backdrop = _BACKDROP * (1 - 0.45 * np.exp(-np.square(np.minimum(depth, 0) / 9)))
    clean = _softened((cover * lit + (1 - cover) * backdrop).astype(np.float32), 0.55)
    mask = np.zeros(size, bool)
    if flaw is not None:
        covered = cv2.remap(flaw.mask.astype(np.float32), columns, rows, cv2.INTER_LINEAR)
        mask = (covered >= 0.5) & (depth >= 1)
        clean *= 1 + mask * cv2.remap(flaw.shade, columns, rows, cv2.INTER_LINEAR)
    return Photo(pixels=_expose(clean, GAINS[exposure], grain), mask=mask, part=depth >= 0)


def _part_coordinates(
    segment: Segment, size: tuple[int, int], pose: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Radius and angle (H,W) of every photo pixel about the ring's centre, which lies below the picture."""
    height, width = size
    shift_x, shift_y, turn = pose.uniform(-1, 1, 3) * (0.01 * width, 0.009 * height, 0.014)
    reach = segment.outer - segment.inner * np.cos(segment.half_angle)
    top = (height - reach) / 2 + shift_y
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y = x - (width - 1) / 2 - shift_x, y - top - segment.outer
    return np.hypot(x, y), np.arctan2(x, -y) + turn


def _light(
    segment: Segment,
    angle: np.ndarray,
    radius: np.ndarray,
    depth: np.ndarray,
    exposure: int,
    pose: np.random.Generator,
) -> np.ndarray:
    """Brightness (H,W): even light, a gradient, the fan of a ground surface, bright and dark chamfers."""
    lamp = (-0.16, 0.05, 0.2)[exposure] + pose.uniform(-0.03, 0.03)
    across = (radius - segment.inner) / (segment.outer - segment.inner)
    light = 0.42 + 0.08 * across - 0.10 * angle / segment.half_angle
    light = light + 0.12 * np.exp(-np.square((angle - lamp) / 0.17)) * (0.7 + 0.3 * across)
    edge = np.clip(1.15 - depth / segment.chamfer, 0, 1)
    outer_side = segment.outer - radius < radius - segment.inner
    right_side = (segment.half_angle - np.abs(angle)) * radius <= depth + 1e-6
    tilt = np.where(right_side, np.where(angle < 0, 0.45, -0.42), np.where(outer_side, 0.62, -0.5))
    return np.asarray(light * (1 + edge * tilt))


def _expose(clean: np.ndarray, gain: float, grain: np.random.Generator) -> np.ndarray:
    """Turn brightness into grey levels with shot and read noise, uint8 (H,W)."""
    exposed = 255 * gain * clean
    noise = grain.standard_normal(clean.shape, np.float32)
    return np.clip(np.round(exposed + noise * np.sqrt(1.2 + 0.025 * np.maximum(exposed, 0))), 0, 255).astype(
        np.uint8
    )


def _streaks(rows: int, columns: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Lines along the ring, about `length` map pixels long, (R,A) float32 of unit spread."""
    count = max(2, round(columns / max(1, length)) + 1)
    seeds = rng.standard_normal((rows, count), np.float32)
    lines = cv2.resize(
        _softened(seeds, 0.8, across_only=True), (columns, rows), interpolation=cv2.INTER_LINEAR
    )
    return np.asarray(lines / lines.std())


def _deep_marks(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """A few deeper grinding marks, bright or dark, which are normal on this part."""
    marks = np.zeros((rows, columns), np.float32)
    for _ in range(int(rng.integers(9, 16))):
        row, start = int(rng.integers(0, rows)), int(rng.integers(-columns // 3, columns))
        stop = start + int(rng.integers(columns // 5, 3 * columns // 4))
        cv2.line(marks, (start, row), (stop, row), float(rng.choice([-0.16, 0.2]) * rng.uniform(0.5, 1)), 1)
    return _softened(marks, 0.8)


def _softened(picture: np.ndarray, sigma: float, *, across_only: bool = False) -> np.ndarray:
    if across_only:
        return np.asarray(cv2.GaussianBlur(picture, (1, 0), sigmaX=1e-6, sigmaY=sigma))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))
