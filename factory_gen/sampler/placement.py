"""Where a defect may sit: learned from the real masks, inside the part or a region that the user has drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from factory_gen.checks import check_choice
from factory_gen.images.masks import bounds
from factory_gen.sampler.mask_families import ShapeStatistics, measure_shapes, procedural_mask, warped_mask

PLACEMENTS = ("learned", "region", "free")
LARGE_SHARE = 0.45
KEPT_SHARE = 0.85
TRIES = 40
JITTER = 0.04


@dataclass(frozen=True)
class RealMask:
    """A real mask and where its part lay.

    Attributes:
        key: of the source picture.
        mask: (H,W) bool.
        part_box: (top, left, bottom, right) of the part in that picture.
    """

    key: str
    mask: np.ndarray
    part_box: tuple[int, int, int, int]


@dataclass(frozen=True)
class TypePlacement:
    """A type's real masks and the statistics of their shapes."""

    masks: Sequence[RealMask]
    shapes: ShapeStatistics


@dataclass(frozen=True)
class PlacedMask:
    """A mask for one picture.

    Attributes:
        mask: (H,W) bool, wholly inside the allowed region.
        origin: how it came about: family, source picture, placement.
    """

    mask: np.ndarray
    origin: Mapping[str, Any]


def learn_placement(masks: Sequence[RealMask]) -> TypePlacement:
    """Gather one type's real masks (at least one)."""
    return TypePlacement(tuple(masks), measure_shapes([one.mask for one in masks]))


def place_mask(
    learned: TypePlacement,
    region: np.ndarray,
    placement: str,
    rng: np.random.Generator,
    *,
    procedural_share: float = 0.35,
) -> PlacedMask | None:
    """Make a mask and put it somewhere in a picture.

    Args:
        learned: the type's real masks.
        region: (H,W) bool, where a defect may be.
        placement: "learned" (where real ones occur), "region" or "free" (anywhere in the region, evenly).
        rng: source of randomness.
        procedural_share: share of small defects whose shape is drawn instead of warped.

    Returns:
        The placed mask, or None when no place was found in `TRIES` tries.
    """
    check_choice(placement, PLACEMENTS, "placement")
    box = bounds(region)
    for _ in range(TRIES):
        real = learned.masks[int(rng.integers(len(learned.masks)))]
        if _is_large(real):
            mask, family = _stretched(real, box, region.shape, rng), "stretched"
        else:
            family = "procedural" if rng.random() < procedural_share else "warped"
            shape = (
                procedural_mask(learned.shapes, rng)
                if family == "procedural"
                else warped_mask(real.mask, rng)
            )
            mask = _put(shape, _centre(real, box, region, placement, rng), region.shape)
        inside = mask & region
        if mask.sum() > 0 and inside.sum() >= max(4, KEPT_SHARE * _whole_area(mask, family, inside)):
            return PlacedMask(inside, {"family": family, "real": real.key, "placement": placement})
    return None


def _whole_area(mask: np.ndarray, family: str, inside: np.ndarray) -> float:
    # A stretched mask was made to the part's own outline, so what falls off it is only the rim.
    return float(inside.sum()) if family == "stretched" else float(mask.sum())


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
    real: RealMask, box: tuple[int, int, int, int], shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """A large mask mapped from its own part's box to this part's, mirrored at random, its edge moved a little."""
    top, left, bottom, right = real.part_box
    cut = real.mask[top:bottom, left:right].astype(np.float32)
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    if rng.random() < 0.5:
        cut = cut[::-1]
    height, width = box[2] - box[0], box[3] - box[1]
    scaled = cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=cv2.INTER_LINEAR)
    coarse = rng.normal(size=(2, 5, 5)).astype(np.float32) * 0.02 * max(height, width)
    shift = [cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = cv2.remap(scaled, xs + shift[0], ys + shift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    result = np.zeros(shape, dtype=bool)
    result[box[0] : box[2], box[1] : box[3]] = moved >= 0.5
    return result


def _centre(
    real: RealMask,
    box: tuple[int, int, int, int],
    region: np.ndarray,
    placement: str,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Middle (y,x) of the new mask."""
    if placement != "learned":
        ys, xs = np.nonzero(region)
        pick = int(rng.integers(len(ys)))
        return float(ys[pick]), float(xs[pick])
    top, left, bottom, right = bounds(real.mask)
    part_top, part_left, part_bottom, part_right = real.part_box
    share_y = ((top + bottom) / 2 - part_top) / max(1, part_bottom - part_top)
    share_x = ((left + right) / 2 - part_left) / max(1, part_right - part_left)
    # Real defects occur mirrored as often as not, so left and right, top and bottom are exchanged at random.
    share_y = 1 - share_y if rng.random() < 0.5 else share_y
    share_x = 1 - share_x if rng.random() < 0.5 else share_x
    share_y, share_x = share_y + rng.normal(0, JITTER), share_x + rng.normal(0, JITTER)
    return box[0] + share_y * (box[2] - box[0]), box[1] + share_x * (box[3] - box[1])


def _put(shape: np.ndarray, centre: tuple[float, float], size: tuple[int, int]) -> np.ndarray:
    """A small mask in an empty picture, its middle at `centre`, moved inside where it would cross the border."""
    result = np.zeros(size, dtype=bool)
    height, width = shape.shape
    if height > size[0] or width > size[1]:
        return result
    top = int(np.clip(round(centre[0] - height / 2), 0, size[0] - height))
    left = int(np.clip(round(centre[1] - width / 2), 0, size[1] - width))
    result[top : top + height, left : left + width] = shape
    return result
