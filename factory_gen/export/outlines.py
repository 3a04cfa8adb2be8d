"""Polygons around masks, made so that the usual readers paint exactly the same pixels again.

Readers differ in what a point means. pycocotools fills the area inside a line along pixel *edges*; Ultralytics paints
the pixels that the line runs *through* (`cv2.fillPoly`). A polygon has no holes, so each hole is joined to the
outline by a cut that runs there and back along one line: both readers fill by parity and leave the hole open.
"""

from __future__ import annotations

import cv2
import numpy as np

Points = np.ndarray  # (N,2) of x, y
Edge = tuple[int, int, int, int]  # x, y, step x, step y


def edge_outlines(mask: np.ndarray) -> list[Points]:
    """Outlines along pixel edges, one for each 8-connected part of a (H,W) bool mask.

    Returns:
        (N,2) integer x, y for each part; pixel (x, y) covers [x, x+1] x [y, y+1].
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    outlines = []
    for label in range(1, count):
        left, top, width, height = (int(figure) for figure in stats[label][:4])
        part = labels[top : top + height, left : left + width] == label
        loops = _edge_loops(part)
        outer = max(loops, key=_signed_area)
        holes = [loop for loop in loops if loop is not outer]
        outlines.append(_drop_straight(_cut_open(outer, holes)) + np.array([left, top]))
    return outlines


def pixel_outlines(mask: np.ndarray) -> list[Points]:
    """Outlines through pixel centres, one for each 8-connected part of a (H,W) bool mask.

    Returns:
        (N,2) integer x, y of pixels that belong to the mask, for each part; N may be 1.
    """
    loops, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outlines = []
    for index, loop in enumerate(loops):
        _, _, child, parent = tree[0][index]
        if parent >= 0:
            continue
        holes = []
        while child >= 0:
            holes.append(loops[child][:, 0, :])
            child = tree[0][child][0]
        outlines.append(_drop_straight(_cut_open(loop[:, 0, :], holes)))
    return outlines


def _edge_loops(mask: np.ndarray) -> list[Points]:
    """Closed walks along pixel edges with the mask on the right hand: one outer, the others holes."""
    waiting = _edges(mask)
    loops = []
    while waiting:
        first = edge = next(iter(waiting))
        points = []
        while True:
            points.append(edge[:2])
            del waiting[edge]
            edge = _next_edge(waiting, edge, first)
            if edge == first:
                break
        loops.append(np.array(points))
    return loops


def _edges(mask: np.ndarray) -> dict[Edge, None]:
    """All unit edges between mask and not mask as (x, y, step x, step y), in a fixed order."""
    grid = np.pad(mask, 1)
    # For each side of a pixel: the neighbour beyond it, the corner where its edge starts, the way the edge runs.
    sides = (
        (grid[:-2, 1:-1], (0, 0), (1, 0)),
        (grid[1:-1, 2:], (1, 0), (0, 1)),
        (grid[2:, 1:-1], (1, 1), (-1, 0)),
        (grid[1:-1, :-2], (0, 1), (0, -1)),
    )
    found: dict[Edge, None] = {}
    for beyond, (right, down), (dx, dy) in sides:
        for y, x in np.argwhere(mask & ~beyond).tolist():
            found[(x + right, y + down, dx, dy)] = None
    return found


def _next_edge(waiting: dict[Edge, None], edge: Edge, first: Edge) -> Edge:
    """The edge that follows: left before straight before right, so that parts touching at a corner stay one part."""
    x, y, dx, dy = edge
    ways = ((x + dx, y + dy, *step) for step in ((dy, -dx), (dx, dy), (-dy, dx)))
    return next(after for after in ways if after == first or after in waiting)


def _signed_area(loop: Points) -> float:
    """Area inside a loop; positive for outer loops, negative for holes (mask on the right hand, y down)."""
    x, y = loop.astype(np.float64).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _cut_open(outer: Points, holes: list[Points]) -> Points:
    """Join holes to the outline, each by a cut from its leftmost point straight to the left, there and back.

    The cut ends at the first point of any outline that it meets. Going through the holes from left to right, that
    outline is joined already: its own leftmost point lies further left.
    """
    joined = outer
    for hole in sorted(holes, key=lambda hole: int(hole[:, 0].min())):
        tip = int(hole[:, 0].argmin())
        x, y = hole[tip]
        reached = np.where((joined[:, 1] == y) & (joined[:, 0] <= x), joined[:, 0], -1)
        here = int(reached.argmax())
        joined = np.concatenate(
            [joined[: here + 1], np.roll(hole, -tip, axis=0), hole[tip : tip + 1], joined[here:]]
        )
    return joined


def _drop_straight(line: Points) -> Points:
    """Leave out the points at which a closed line runs straight on."""
    before = line - np.roll(line, 1, axis=0)
    after = np.roll(line, -1, axis=0) - line
    straight = (before * after[:, ::-1] * (1, -1)).sum(axis=1) == 0
    onward = (before * after).sum(axis=1) > 0
    kept = line[~(straight & onward)]
    return kept if len(kept) else line[:1]
