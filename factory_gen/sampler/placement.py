"""Where a defect may sit: learned from the real masks, inside the part or a region that the user has drawn.

A new mask takes after one real defect: its place on the part, the border it comes in from, and what lies around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from factory_gen.checks import check_choice
from factory_gen.images.masks import bounds
from factory_gen.metrics.contrast import mask_contrast
from factory_gen.sampler.contrast_target import contrast_rank
from factory_gen.sampler.mask_families import ShapeStatistics, measure_shapes, procedural_mask
from factory_gen.sampler.real_shapes import Shape, Trace, stretched_shape, trace_of, warped_shape
from factory_gen.sampler.spot_choice import SpotChoice
from factory_gen.sampler.spots import (
    Box,
    Spot,
    anchored_spots,
    even_spots,
    held,
    learned_middle,
    learned_spots,
    mirrored_sides,
    put,
)
from factory_gen.sampler.surroundings import Levels, Surroundings, level_map, look_around, pieces, sector_map

PLACEMENTS = ("learned", "region", "free")
LARGE_SHARE = 0.45
KEPT_SHARE = 0.85
ANCHORED_SHARE = 0.6
TRIES = 40
SPOTS = 48
ROUGH_SPOTS = 1500
FITTED = 2
GOOD_FIT = 0.4
APART = 24
AT_BORDER = 3
STRENGTH_JITTER = 0.1
PROCEDURAL_SHARE = 0.35
SMALLEST = 4
LEAST_SPREAD = 0.004


@dataclass(frozen=True)
class RealMask:
    """A real mask and where its part lay.

    Attributes:
        key: of the source picture.
        mask: (H,W) bool.
        part_box: (top, left, bottom, right) of the part in that picture.
        around: what lies around the defect; None when that is not to be learned.
        strength: rank in [0,1] of its picture's contrast among the type's; None when unknown.
    """

    key: str
    mask: np.ndarray
    part_box: Box
    around: Surroundings | None = None
    strength: float | None = None

    @property
    def sides(self) -> tuple[str, ...]:
        """Borders of the part or of the picture that the mask reaches, from "top", "left", "bottom", "right"."""
        top, left, bottom, right = bounds(self.mask)
        own_top, own_left, own_bottom, own_right = self.part_box
        height, width = self.mask.shape
        gaps = {
            "top": min(abs(top - own_top), top),
            "left": min(abs(left - own_left), left),
            "bottom": min(abs(own_bottom - bottom), height - bottom),
            "right": min(abs(own_right - right), width - right),
        }
        return tuple(name for name, gap in gaps.items() if gap <= AT_BORDER)


@dataclass(frozen=True)
class TypePlacement:
    """A type's real masks and the statistics of their shapes.

    Attributes:
        masks: one per defect.
        shapes: of all of them.
        pictures: numbers of the masks of each source picture.
    """

    masks: Sequence[RealMask]
    shapes: ShapeStatistics
    pictures: Sequence[Sequence[int]]

    def draw(self, rng: np.random.Generator) -> RealMask:
        """A real defect: first a picture, then one of its defects, so that a picture of many does not rule."""
        own = self.pictures[int(rng.integers(len(self.pictures)))]
        return self.masks[own[int(rng.integers(len(own)))]]


@dataclass(frozen=True)
class PlacedMask:
    """A mask for one picture.

    Attributes:
        mask: (H,W) bool, wholly inside the allowed region.
        origin: how it came about: family, source picture, placement.
        strength: contrast that suits it, as a rank in [0,1]: about that of the real defect that it takes after, since
            large defects may be plain to see and small ones faint, or the other way round; None when unknown.
        trace: which pixels of the real picture lie under it; None where its shape was drawn.
    """

    mask: np.ndarray
    origin: Mapping[str, Any]
    strength: float | None = None
    trace: Trace | None = None


def real_masks(
    key: str,
    pixels: np.ndarray,
    mask: np.ndarray,
    region: np.ndarray,
    contrasts: Sequence[float] = (),
    bit_depth: int = 8,
) -> list[RealMask]:
    """The defects of one real picture: parts of its mask that lie far apart are defects of their own.

    Args:
        key: of the picture.
        pixels: (H,W) or (H,W,3), integer.
        mask: (H,W) bool, at least one pixel.
        region: (H,W) bool, the part.
        contrasts: of the type's real defects in rising order, to rank this one's.
        bit_depth: significant bits of the picture.
    """
    # The least spread of `measure_contrast`, in grey levels.
    floor = LEAST_SPREAD * (2**bit_depth - 1) / 2
    # The ranks that the networks were trained with are those of whole pictures.
    rank = contrast_rank(contrasts, mask_contrast(pixels, mask, region=region, floor=floor))
    box, levels = bounds(region), level_map(pixels, region)
    apart = pieces(mask, APART)
    large = [piece for piece in apart if piece.sum() >= SMALLEST] or apart
    found = []
    for piece in large:
        top, left, bottom, right = bounds(piece)
        around = look_around(levels, sector_map(piece[top:bottom, left:right]), top, left)
        found.append(RealMask(key, piece, box, around, rank))
    return found


def learn_placement(masks: Sequence[RealMask]) -> TypePlacement:
    """Gather one type's real masks (at least one)."""
    pictures: dict[str, list[int]] = {}
    for number, one in enumerate(masks):
        pictures.setdefault(one.key, []).append(number)
    shapes = measure_shapes([one.mask for one in masks])
    return TypePlacement(tuple(masks), shapes, tuple(pictures.values()))


def place_mask(
    learned: TypePlacement,
    region: np.ndarray,
    placement: str,
    rng: np.random.Generator,
    *,
    pixels: np.ndarray | None = None,
    procedural_share: float = PROCEDURAL_SHARE,
) -> PlacedMask | None:
    """Make a mask and put it somewhere in a picture.

    Args:
        learned: the type's real masks.
        region: (H,W) bool, where a defect may be.
        placement: "learned" (where real ones occur), "region" or "free" (anywhere in the region, evenly).
        rng: source of randomness.
        pixels: (H,W) or (H,W,3), the good picture; with it, "learned" looks for surroundings like the real ones.
        procedural_share: share of small defects whose shape is drawn instead of warped.

    Returns:
        The placed mask, or None when no place was found in `TRIES` tries.
    """
    check_choice(placement, PLACEMENTS, "placement")
    box = bounds(region)
    levels = level_map(pixels, region) if pixels is not None and placement == "learned" else None
    found: list[tuple[float, PlacedMask]] = []
    for _ in range(TRIES):
        real = learned.draw(rng)
        # Real defects occur mirrored as often as not, so left and right, top and bottom are exchanged at random.
        mirror = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
        if _is_large(real):
            family, cost, spot = "stretched", 0.0, (box[0], box[1])
            shape = stretched_shape(real.mask, real.part_box, box, mirror, rng)
        else:
            anchored = placement == "learned" and bool(real.sides)
            family = "procedural" if rng.random() < procedural_share else "warped"
            if family == "procedural":
                shape = Shape(procedural_mask(learned.shapes, rng, mirror))
            else:
                shape = warped_shape(real.mask, rng, mirror, anchored=anchored)
            at, cost = _fitting(shape.mask, real, mirror, box, region, placement, levels, rng)
            if at is None:
                continue
            spot = at
        inside = put(shape.mask, spot, region)
        if np.count_nonzero(inside) >= SMALLEST:
            origin = {"family": family, "real": real.key, "placement": placement}
            about = _about(real.strength, rng)
            found.append((cost, PlacedMask(inside, origin, about, trace_of(real.mask, shape, spot))))
            # Not every picture has a place for every defect: a better one is looked for, but not for ever.
            if cost <= GOOD_FIT or len(found) == FITTED:
                break
    return min(found, key=lambda one: one[0])[1] if found else None


def _about(strength: float | None, rng: np.random.Generator) -> float | None:
    """A rank near another one; mirrored at the ends of [0,1], so that these are as frequent as the middle."""
    if strength is None:
        return None
    moved = abs(strength + rng.normal(0, STRENGTH_JITTER))
    return float(np.clip(2.0 - moved if moved > 1.0 else moved, 0.0, 1.0))


def _fitting(
    shape: np.ndarray,
    real: RealMask,
    mirror: tuple[bool, bool],
    box: Box,
    region: np.ndarray,
    placement: str,
    levels: Levels | None,
    rng: np.random.Generator,
) -> tuple[Spot | None, float]:
    """The spot in the region (H,W) that fits a shape (h,w) best, and how little it fits.

    None where no spot holds enough of it; 0 where the fit is not looked at.
    """
    choosing = levels is not None and real.around is not None
    if placement != "learned":
        return _first_good(shape, even_spots(shape, region, 1, rng), region, KEPT_SHARE), 0.0
    middle = learned_middle(real, mirror, box)
    if real.sides:
        sides = mirrored_sides(real.sides, mirror)
        near = anchored_spots(shape, middle, sides, box, region, SPOTS if choosing else 1, rng)
        share = ANCHORED_SHARE
    else:
        near = learned_spots(shape, middle, box, region.shape, ROUGH_SPOTS if choosing else 1, rng)
        share = KEPT_SHARE
    if not choosing:
        return _first_good(shape, near, region, share), 0.0
    assert levels is not None
    assert real.around is not None
    choice = SpotChoice(shape, levels, region, real.around.mirrored(*mirror), middle, share * shape.sum())
    best = choice.best(near, rng, finer=not real.sides)
    return best, float("inf") if best is None else choice.cost(best)


def _first_good(shape: np.ndarray, spots: np.ndarray, region: np.ndarray, share: float) -> Spot | None:
    for top, left in spots:
        if held(shape, (int(top), int(left)), region) >= share * shape.sum():
            return int(top), int(left)
    return None


def _is_large(real: RealMask) -> bool:
    """Whether a mask spans so much of its part that its place and shape belong together."""
    top, left, bottom, right = bounds(real.mask)
    part_top, part_left, part_bottom, part_right = real.part_box
    return bool(
        (
            (bottom - top) > LARGE_SHARE * (part_bottom - part_top)
            and (right - left) > LARGE_SHARE * (part_right - part_left)
        )
        or real.mask.mean() > 0.08
    )
