"""COCO segmentations to masks, with every check that the usual tools leave out: a bad outline is refused, not bent."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from factory_gen.images.refused import ImageRefused

Size = tuple[int, int]  # (H, W)

_MARGIN = 1.0  # pixels that a point may lie beyond the edge: tools round to both sides
_MAX_POINTS = 10_000


def shape_mask(segmentation: Any, size: Size, name: str) -> np.ndarray:
    """Draw one COCO segmentation.

    Args:
        segmentation: a list of polygons [x1, y1, x2, y2, ...] in pixels, or an RLE object with `size` and `counts`.
        size: (H,W) of the picture.
        name: the picture, for refusals.

    Returns:
        (H,W) bool, True is defect.

    Raises:
        ImageRefused: `bad-polygon` or `bad-rle`.
    """
    if isinstance(segmentation, dict):
        return _draw_runs(segmentation, size, name)
    if not isinstance(segmentation, list) or not segmentation:
        raise _bad("polygon", name, "a list of polygons or an RLE object", f"{segmentation!r:.60}")
    polygons = [_checked_polygon(polygon, size, name) for polygon in segmentation]
    height, width = size
    runs = coco_mask.frPyObjects([polygon.ravel().tolist() for polygon in polygons], height, width)
    joined = coco_mask.merge(runs)
    return _draw_runs({"size": [height, width], "counts": joined["counts"].decode()}, size, name)


def _checked_polygon(polygon: Any, size: Size, name: str) -> np.ndarray:
    """A polygon as (N,2) float64 points (x, y), cut at the picture's edge."""
    numbers = isinstance(polygon, list) and all(
        isinstance(part, int | float) and not isinstance(part, bool) for part in polygon
    )
    if not numbers or len(polygon) < 6 or len(polygon) % 2:
        raise _bad("polygon", name, "three or more points as x, y, x, y, ...", f"{polygon!r:.60}")
    if len(polygon) > 2 * _MAX_POINTS:
        raise _bad("polygon", name, f"at most {_MAX_POINTS:,} points", f"{len(polygon) // 2:,}")
    points = np.array(polygon, dtype=np.float64).reshape(-1, 2)
    limit = np.array([size[1], size[0]], dtype=np.float64)
    if not np.isfinite(points).all():
        raise _bad("polygon", name, "finite coordinates", "NaN or infinity")
    if (points < -_MARGIN).any() or (points > limit + _MARGIN).any():
        raise _bad("polygon", name, f"points inside {size[1]} x {size[0]} pixels", "points outside")
    if _crosses(points):
        raise _bad("polygon", name, "an outline that does not cross itself", "one that does")
    return np.clip(points, 0.0, limit)


def _crosses(points: np.ndarray) -> bool:
    """Say whether two edges of a closed outline (N,2) cross at a point inside both."""
    starts, ends = points, np.roll(points, -1, axis=0)
    for index in range(len(points) - 2):
        last = len(points) - 1 if index == 0 else len(points)  # neighbours share a point and do not cross
        a, b = starts[index], ends[index]
        c, d = starts[index + 2 : last], ends[index + 2 : last]
        if ((_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a[None]) * _side(c, d, b[None]) < 0)).any():
            return True
    return False


def _side(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Sign of the side of the line start-end on which a point lies; -1, 0 or 1."""
    along = end - start
    off = point - start
    return np.asarray(np.sign(along[..., 0] * off[..., 1] - along[..., 1] * off[..., 0]))


def _draw_runs(segmentation: dict[str, Any], size: Size, name: str) -> np.ndarray:
    if segmentation.get("size") != [size[0], size[1]]:
        raise _bad("rle", name, f"an RLE of size [{size[0]}, {size[1]}]", f"{segmentation.get('size')!r:.40}")
    counts = segmentation.get("counts")
    runs = _unpacked(counts, name) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int and run >= 0 for run in runs):
        raise _bad("rle", name, "run lengths as whole numbers from 0", f"{counts!r:.60}")
    if sum(runs) != size[0] * size[1]:
        raise _bad("rle", name, f"runs of {size[0] * size[1]} pixels together", str(sum(runs)))
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(flat.reshape(size[1], size[0]).T)


def _unpacked(text: str, name: str) -> list[int]:
    """Run lengths from COCO's packed text: 5 bits and a go-on bit per letter, differences from the third run on."""
    runs: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            if at >= len(text) or shift > 60:
                raise _bad("rle", name, "whole run lengths", "a packed text that ends early")
            letter = ord(text[at]) - 48
            if not 0 <= letter < 64:
                raise _bad("rle", name, "packed run lengths", f"the letter {text[at]!r}")
            value |= (letter & 0x1F) << shift
            more = bool(letter & 0x20)
            at, shift = at + 1, shift + 5
            if not more and letter & 0x10:
                value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs


def _bad(what: str, name: str, expected: str, found: str) -> ImageRefused:
    return ImageRefused(
        f"bad-{what}",
        name,
        expected=expected,
        found=found,
        action="Correct the annotation in the tool that made it, export again, and ingest again.",
    )
