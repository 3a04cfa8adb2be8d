"""What lies around a defect: learned from the real ones, so that a new one is put where its kind occurs.

The ring around a mask is cut into sectors, near and far; each gives its mean brightness between the part's dark and
bright end. An open trace has trace at two ends and board at two sides, a speck of copper has board all around. Nothing
is assumed about the part: on a surface without structure all places look alike, and any of them fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.images.masks import dilate

SECTORS = 8
RINGS = ((2, 5), (5, 11))
REACH = RINGS[-1][1] + 1
INSIDE = SECTORS * len(RINGS)
LEAST_PIXELS = 3
NOTHING_CHANGES = 4.0
SAMPLED = 8
ENDS = (2.0, 98.0)
ENOUGH = 20000
LIMIT = 2.0
STEP_PERCENTILE = 80.0


@dataclass(frozen=True)
class Surroundings:
    """A real defect's brightness and that of the ring around it, from -1 (dark end of the part) to 1 (bright end).

    Attributes:
        sectors: (16,) float32, eight directions from the right over below, near ring before far ring; NaN where the
            picture ends.
        inside: of the defect itself.
    """

    sectors: np.ndarray
    inside: float

    def mirrored(self, left_right: bool, up_down: bool) -> Surroundings:
        """The same around the mirrored defect."""
        rings = self.sectors.reshape(len(RINGS), SECTORS)
        turn = np.arange(SECTORS)
        if left_right:
            turn = turn[(SECTORS // 2 - 1 - np.arange(SECTORS)) % SECTORS]
        if up_down:
            turn = turn[SECTORS - 1 - np.arange(SECTORS)]
        return Surroundings(rings[:, turn].reshape(-1), self.inside)

    @property
    def step(self) -> float:
        """Brightness step of the defect against most of what is around it: what a change must reach."""
        return float(np.nanpercentile(np.abs(self.inside - self.sectors), STEP_PERCENTILE))

    def distances(self, found_NS: np.ndarray, inside_N: np.ndarray) -> np.ndarray:
        """How little N places fit: mean squared difference of the sectors, and more where nothing would change.

        Args:
            found_NS: (N,16) sectors of the same mask on a good picture; NaN where the picture ends.
            inside_N: (N,) what the defect would replace.

        Returns:
            (N,) float64; infinite where nothing can be compared.
        """
        both = np.isfinite(self.sectors)[None, :] & np.isfinite(found_NS)
        squares = np.where(both, np.nan_to_num(self.sectors[None, :] - found_NS) ** 2, 0.0)
        apart = squares.sum(axis=1) / np.maximum(both.sum(axis=1), 1)
        # A dark defect on what is dark already cannot be seen: the step that the real one makes is asked for.
        missing = np.maximum(0.0, self.step - np.abs(self.inside - inside_N))
        return np.where(both.any(axis=1), apart + NOTHING_CHANGES * missing**2, np.inf)


@dataclass(frozen=True)
class Levels:
    """Brightness of a picture between its part's dark end (-1) and bright end (1), worked out where it is asked for.

    Attributes:
        pixels: (H,W) or (H,W,3), integer.
        middle, half: of the range between the ends.
    """

    pixels: np.ndarray
    middle: np.float32
    half: np.float32

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def __getitem__(self, where: tuple[slice, slice] | tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """The levels, float32, of an area or of pixels by rows and columns."""
        levels = (_grey(self.pixels[where], self.pixels.ndim == 3) - self.middle) / self.half
        return np.clip(levels, -LIMIT, LIMIT)


def level_map(pixels: np.ndarray, region: np.ndarray) -> Levels:
    """Brightness: -1 at the part's dark end (its 2 % point), 1 at the bright end (98 %).

    Args:
        pixels: (H,W) or (H,W,3), integer.
        region: (H,W) bool, the part; at least one pixel.
    """
    # Each so-manieth pixel of the part is enough for its ends.
    flat = pixels.reshape(-1, *pixels.shape[2:])
    if region.all():
        values = flat[:: max(1, len(flat) // ENOUGH)]
    else:
        part = np.flatnonzero(region)
        values = flat[part[:: max(1, len(part) // ENOUGH)]]
    low, high = np.percentile(_grey(values, pixels.ndim == 3), ENDS)
    return Levels(pixels, np.float32((low + high) / 2), np.float32(max((high - low) / 2, 1e-6)))


def _grey(pixels: np.ndarray, colour: bool) -> np.ndarray:
    grey = pixels.astype(np.float32)
    return np.asarray(grey.mean(axis=-1)) if colour else grey


def sector_map(mask: np.ndarray) -> np.ndarray:
    """Number of the sector of every pixel around a mask (h,w): (h+2R,w+2R) int64, 16 inside the mask, 17 elsewhere.

    Directions are taken after the mask is made round, so that the ends of a long one have sectors of their own.
    """
    padded = np.pad(mask, REACH)
    ys, xs = np.nonzero(padded)
    centre = np.array([ys.mean(), xs.mean()])
    spread = np.cov(np.stack([ys, xs]), bias=True) + np.eye(2)
    values, vectors = np.linalg.eigh(spread)
    rounder = vectors @ np.diag(values**-0.5) @ vectors.T
    grid = np.mgrid[0 : padded.shape[0], 0 : padded.shape[1]].astype(np.float64) - centre[:, None, None]
    down, right = np.einsum("ij,jhw->ihw", rounder, grid)
    sector = (np.floor(np.arctan2(down, right) / (2 * np.pi / SECTORS)).astype(np.int64)) % SECTORS
    distance = cv2.distanceTransform((~padded).astype(np.uint8), cv2.DIST_L2, 5)
    result = np.full(padded.shape, INSIDE + 1, dtype=np.int64)
    for number, (start, end) in enumerate(RINGS):
        ring = (distance > start) & (distance <= end)
        result[ring] = sector[ring] + number * SECTORS
    result[padded] = INSIDE
    return result


def look_around(levels: Levels, sectors: np.ndarray, top: int, left: int) -> Surroundings:
    """The surroundings of a mask placed with its corner at (top, left).

    Args:
        levels: of `level_map`.
        sectors: of `sector_map`.
        top, left: corner of the mask itself; it may reach over the picture's border.
    """
    height, width = levels.shape
    first = top - REACH, left - REACH
    area = (
        slice(max(0, first[0]), min(height, first[0] + sectors.shape[0])),
        slice(max(0, first[1]), min(width, first[1] + sectors.shape[1])),
    )
    own = sectors[
        area[0].start - first[0] : area[0].stop - first[0], area[1].start - first[1] : area[1].stop - first[1]
    ].ravel()
    sums = np.bincount(own, weights=levels[area].ravel(), minlength=INSIDE + 2)
    counts = np.bincount(own, minlength=INSIDE + 2)
    means = np.where(counts >= LEAST_PIXELS, sums / np.maximum(counts, 1), np.nan)
    inside = sums[INSIDE] / max(1, counts[INSIDE])
    return Surroundings(means[:INSIDE].astype(np.float32), float(inside))


def look_roughly(
    levels: Levels, sectors: np.ndarray, spots_N2: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Surroundings at many spots (N,2) from a few random pixels of every sector: sectors (N,16) and inside (N,).

    Args:
        levels, sectors: as in `look_around`.
        spots_N2: corners (top, left).
        rng: chooses the pixels, the same for all spots.
    """
    found = np.full((len(spots_N2), INSIDE + 1), np.nan)
    for number in range(INSIDE + 1):
        ys, xs = np.nonzero(sectors == number)
        if len(ys) < LEAST_PIXELS:
            continue
        picks = rng.integers(len(ys), size=SAMPLED)
        rows = spots_N2[:, :1] + (ys[picks] - REACH)[None, :]
        columns = spots_N2[:, 1:] + (xs[picks] - REACH)[None, :]
        seen = (rows >= 0) & (rows < levels.shape[0]) & (columns >= 0) & (columns < levels.shape[1])
        values = levels[rows.clip(0, levels.shape[0] - 1), columns.clip(0, levels.shape[1] - 1)]
        count = seen.sum(axis=1)
        found[:, number] = np.where(count > 0, (values * seen).sum(axis=1) / np.maximum(count, 1), np.nan)
    return found[:, :INSIDE], np.nan_to_num(found[:, INSIDE])


def pieces(mask: np.ndarray, apart: int) -> list[np.ndarray]:
    """A mask's defects: parts of it that lie more than `apart` pixels from each other, (H,W) bool each."""
    _count, labels = cv2.connectedComponents(dilate(mask, (apart + 1) // 2).astype(np.uint8), connectivity=8)
    numbers = np.unique(labels[mask])
    return [mask & (labels == number) for number in numbers]
