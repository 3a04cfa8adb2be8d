"""Which of many spots suits a mask: roughly for all of them, exactly for the most promising, finer around the best."""

from __future__ import annotations

import numpy as np

from factory_gen.images.masks import bounds
from factory_gen.sampler.spots import Spot, held
from factory_gen.sampler.surroundings import Levels, Surroundings, look_around, look_roughly, sector_map

# Spots that are looked at exactly.
SHORTLIST = 24
# Steps in pixels of the search around the best spot so far.
FINER = (6.0, 2.0)
# What a place far from the real one costs, in the units of `Surroundings.distances`; FAR is a share of the part.
ELSEWHERE = 0.3
FAR = 0.25


class SpotChoice:
    """Chooses the spot whose surroundings are most like those of a real defect.

    Args:
        shape: (h,w) bool, the mask.
        levels: see `level_map`.
        region: (H,W) bool, where a defect may be.
        around: of the real defect, mirrored as the mask is.
        middle: (y,x) where the real one would sit.
        wanted: pixels of the mask that must lie in the region.
    """

    def __init__(
        self,
        shape: np.ndarray,
        levels: Levels,
        region: np.ndarray,
        around: Surroundings,
        middle: tuple[float, float],
        wanted: float,
    ) -> None:
        self.shape, self.levels, self.region, self.around, self.wanted = shape, levels, region, around, wanted
        self.sectors = sector_map(shape)
        top, left, bottom, right = bounds(region)
        self.corner = np.array([middle[0] - shape.shape[0] / 2, middle[1] - shape.shape[1] / 2])
        self.size = np.array([max(1, bottom - top), max(1, right - left)])

    def best(self, spots_N2: np.ndarray, rng: np.random.Generator, *, finer: bool) -> Spot | None:
        """The best of N spots, or near them if `finer`; None where none holds enough of the mask."""
        sectors, inside = look_roughly(self.levels, self.sectors, spots_N2, rng)
        rough = self.around.distances(sectors, inside) + self.elsewhere(spots_N2)
        short: list[Spot] = []
        for index in np.argsort(rough, kind="stable"):
            spot = int(spots_N2[index, 0]), int(spots_N2[index, 1])
            if held(self.shape, spot, self.region) >= self.wanted:
                short.append(spot)
            if len(short) == SHORTLIST:
                break
        if not short:
            return None
        best = min(short, key=self.cost)
        for step in FINER if finer else ():
            moves = rng.normal(0, step, (SHORTLIST, 2)).round().astype(int)
            near = [(best[0] + int(down), best[1] + int(right)) for down, right in moves]
            best = min(
                [best, *(spot for spot in near if held(self.shape, spot, self.region) >= self.wanted)],
                key=self.cost,
            )
        return best

    def cost(self, spot: Spot) -> float:
        """Exactly how little a spot suits: surroundings unlike the real ones, and far from where the real one sat."""
        found = look_around(self.levels, self.sectors, *spot)
        apart = self.around.distances(found.sectors[None, :], np.array([found.inside]))
        return float(apart[0] + self.elsewhere(np.array([spot]))[0])

    def elsewhere(self, spots_N2: np.ndarray) -> np.ndarray:
        """What the distance from the real defect's place costs, (N,)."""
        away = np.hypot(*((spots_N2 - self.corner) / self.size).T)
        return ELSEWHERE * np.minimum(1.0, away / FAR)
