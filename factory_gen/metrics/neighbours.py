"""Is a generated defect a near copy of a training defect? Nearest neighbour, judged by how close real ones come.

Two ways to describe a defect, one way to judge:

- `defect_patches`: the defect alone, cut out along its mask, brought to one size and mean, in all eight turns and
  flips. The cosine of two such patches is their normalised cross-correlation, whatever their place, size, turn,
  brightness and contrast.
- any features, such as those of `FeatureNet`.

What is "too close" is learned, not set: real defects of one type from *different* parts have a distribution of
nearest distances, and a copy is what lies below nearly all of it.

Shape legend: N references, M candidates, S = 8 turns, P patch side, D = P*P or features, H and W of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.checks import check_mask
from factory_gen.errors import UsageError
from factory_gen.images.masks import bounds, crop_around, dilate

PATCH_SIDE = 32
_MARGIN = 3
_RING = 8
_SOFTNESS = 1.0
_FEWEST_REFERENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CopyCheck:
    """What is known of one type's real defects.

    Fields:
        references: (N,S,D) float32 unit vectors, each reference in its S turns (1 for features).
        real_distances: (N,) nearest distance of each reference to one of another group, in [0, 2]; nan where
            every reference belongs to one group.
        limit: a candidate closer than this to any reference is a near copy.
    """

    references: np.ndarray
    real_distances: np.ndarray
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyVerdict:
    """Judgement of one candidate.

    Fields:
        is_copy: closer to a reference than real defects are to each other.
        index: the nearest reference.
        distance: 1 - cosine to it: 0 the same, 1 unrelated.
        limit: what the distance was held against.
        rarer: share of real defects whose own nearest neighbour is even closer, 0 to 1; small is suspicious.
    """

    is_copy: bool
    index: int
    distance: float
    limit: float
    rarer: float


def defect_patches(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Describe a defect by its own pixels in all eight turns and flips.

    Args:
        picture: (H,W) or (H,W,C), any unit; channels are averaged.
        mask: (H,W) bool.

    Returns:
        (S,D) float32 unit vectors, D = 32*32; the first row is the defect as it lies. All zero where the defect
        does not differ from its surroundings at all.

    Raises:
        UsageError: the mask is empty or of another size.
    """
    check_mask(mask, picture.shape[:2], "mask")
    area = crop_around(mask, _RING + _MARGIN + 1)
    picture, mask = picture[area], mask[area]
    grey = np.atleast_3d(picture).astype(np.float32).mean(axis=2)
    top, left, side = _square_around(mask)
    near, around = dilate(mask, _MARGIN - 1), dilate(mask, _RING + _MARGIN) & ~dilate(mask, _MARGIN)
    level = float(np.median(grey[around])) if around.any() else float(grey.mean())
    alone = np.where(near, grey - level, 0).astype(np.float32)
    patch = cv2.resize(_cut(alone, top, left, side), (PATCH_SIDE,) * 2, interpolation=cv2.INTER_AREA)
    patch = np.asarray(cv2.GaussianBlur(patch, (0, 0), _SOFTNESS))
    turns = [np.rot90(side_up, turn) for side_up in (patch, patch[:, ::-1]) for turn in range(4)]
    return _unit(np.stack([turn.reshape(-1) for turn in turns]))


def learn_copy_check(
    references: np.ndarray,
    groups: Sequence[str],
    *,
    quantile: float = 0.01,
    floor: float = 0.01,
    ceiling: float = 0.1,
) -> CopyCheck:
    """Learn what is too close from one type's real defects.

    Args:
        references: (N,S,D) patches or (N,D) features.
        groups: the physical part of each; photos of one part are copies by nature and do not count.
        quantile: share of real defects that may be closer to each other than the limit.
        floor, ceiling: bounds of the limit. One part that hides in two groups would push it to nothing, and a
            handful of very different defects would condemn everything.

    Raises:
        UsageError: no references, or not one group for each.
    """
    if len(references) == 0 or len(groups) != len(references):
        raise UsageError(
            expected="at least one reference and a group for each",
            found=f"{len(references)} references, {len(groups)} groups",
            action="Give the real defects of one type with the parts they come from.",
        )
    turned = _unit(references if references.ndim == 3 else references[:, None])
    distances = _distances(turned[:, 0], turned)
    names = np.asarray(groups)
    distances[names[:, None] == names[None, :]] = np.inf
    nearest = distances.min(axis=1)
    known = nearest[np.isfinite(nearest)]
    # With two or three parts the quantile means nothing; the ceiling alone then stands guard, at half its width.
    limit = float(np.quantile(known, quantile)) if len(known) >= _FEWEST_REFERENCES else ceiling / 2
    return CopyCheck(
        references=turned,
        real_distances=np.where(np.isfinite(nearest), nearest, np.nan),
        limit=float(np.clip(limit, floor, ceiling)),
    )


def near_copy(check: CopyCheck, candidate: np.ndarray) -> CopyVerdict:
    """Judge one candidate, described as the references were: (S,D) or (D,)."""
    return near_copies(check, candidate[None])[0]


def nearest_references(check: CopyCheck, candidate: np.ndarray, count: int) -> list[tuple[int, float]]:
    """The `count` references nearest to a candidate (S,D) or (D,): index and distance, the nearest first."""
    upright = candidate[:1] if candidate.ndim == 2 else candidate[None]
    distances = _distances(_unit(upright), check.references)[0]
    return [(int(index), float(distances[index])) for index in np.argsort(distances)[:count]]


def near_copies(check: CopyCheck, candidates: np.ndarray) -> list[CopyVerdict]:
    """Judge M candidates (M,S,D) or (M,D) at once.

    Raises:
        UsageError: described by another number of values than the references.
    """
    upright = candidates[:, 0] if candidates.ndim == 3 else candidates
    if upright.shape[1:] != check.references.shape[2:]:
        raise UsageError(
            expected=f"candidates of {check.references.shape[2]} values",
            found=f"shape {candidates.shape}",
            action="Describe candidates and references in the same way.",
        )
    distances = _distances(_unit(upright), check.references)
    known = check.real_distances[np.isfinite(check.real_distances)]
    verdicts = []
    for row in distances:
        index = int(row.argmin())
        distance = float(row[index])
        verdicts.append(
            CopyVerdict(
                is_copy=distance < check.limit,
                index=index,
                distance=distance,
                limit=check.limit,
                rarer=float((known < distance).mean()) if known.size else float("nan"),
            )
        )
    return verdicts


def _distances(upright: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """1 - cosine (M,N) of (M,D) against the best of (N,S,D) turns."""
    count, turns, width = turned.shape
    cosines = upright @ turned.reshape(count * turns, width).T
    return np.asarray(1.0 - cosines.reshape(len(upright), count, turns).max(axis=2))


def _unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)


def _square_around(mask: np.ndarray) -> tuple[int, int, int]:
    """Corner (top, left), possibly outside the picture, and side of the square that holds mask and margin."""
    top, left, bottom, right = bounds(mask)
    side = max(bottom - top, right - left) + 2 * _MARGIN
    return (top + bottom - side) // 2, (left + right - side) // 2, side


def _cut(array: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    """Square (side,side) of an array, zero where it lies outside."""
    square = np.zeros((side, side), np.float32)
    rows = slice(max(0, top), min(array.shape[0], top + side))
    columns = slice(max(0, left), min(array.shape[1], left + side))
    square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = array[
        rows, columns
    ]
    return square
