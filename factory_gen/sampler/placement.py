"""Where a defect may sit: learned from the real masks, inside the part or a region that the user has drawn.

A new mask takes after one real defect: its place on the part, the border it comes in from, and what lies around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from factory_gen.checks import check_choice
from factory_gen.images.masks import bounds
from factory_gen.metrics.contrast import mask_contrast
from factory_gen.sampler.contrast_target import contrast_rank
from factory_gen.sampler.mask_families import ShapeStatistics, measure_shapes, procedural_mask, warped_mask
from factory_gen.sampler.spot_choice import SpotChoice
from factory_gen.sampler.spots import (
    Box,
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
    """

    mask: np.ndarray
    origin: Mapping[str, Any]
    strength: float | None = None


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
    procedural_share: float = 0.35,
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
            family, cost = "stretched", 0.0
            inside = _stretched(real, box, region.shape, mirror, rng) & region
        else:
            anchored = placement == "learned" and bool(real.sides)
            family = "procedural" if rng.random() < procedural_share else "warped"
            if family == "procedural":
                shape = procedural_mask(learned.shapes, rng, mirror)
            else:
                shape = warped_mask(real.mask, rng, mirror, anchored=anchored)
            inside, cost = _fitting(shape, real, mirror, box, region, placement, levels, rng)
        if np.count_nonzero(inside) >= SMALLEST:
            origin = {"family": family, "real": real.key, "placement": placement}
            found.append((cost, PlacedMask(inside, origin, _about(real.strength, rng))))
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
) -> tuple[np.ndarray, float]:
    """The shape (h,w) in the picture, inside the region, at the spot that fits best, and how little it fits.

    Nothing where no spot holds enough of it; 0 where the fit is not looked at.
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
    if best is None:
        return np.zeros_like(region), float("inf")
    return put(shape, best, region), choice.cost(best)


def _first_good(shape: np.ndarray, spots: np.ndarray, region: np.ndarray, share: float) -> np.ndarray:
    for top, left in spots:
        if held(shape, (int(top), int(left)), region) >= share * shape.sum():
            return put(shape, (int(top), int(left)), region)
    return np.zeros_like(region)


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


def _stretched(
    real: RealMask,
    box: Box,
    shape: tuple[int, ...],
    mirror: tuple[bool, bool],
    rng: np.random.Generator,
) -> np.ndarray:
    """A large mask mapped from its own part's box to this part's, mirrored, its edge moved a little."""
    top, left, bottom, right = real.part_box
    cut = real.mask[top:bottom, left:right].astype(np.float32)
    cut = cut[:: -1 if mirror[1] else 1, :: -1 if mirror[0] else 1]
    height, width = box[2] - box[0], box[3] - box[1]
    scaled = cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=cv2.INTER_LINEAR)
    coarse = rng.normal(size=(2, 5, 5)).astype(np.float32) * 0.02 * max(height, width)
    shift = [cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = cv2.remap(scaled, xs + shift[0], ys + shift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    result = np.zeros(shape, dtype=bool)
    result[box[0] : box[2], box[1] : box[3]] = moved >= 0.5
    return result
