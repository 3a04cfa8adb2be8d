"""Score pictures of any size at native resolution: small ones whole, large ones in overlapping tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from factory_gen.gate.batches import CHANNELS
from factory_gen.gate.pictures import GatePicture
from factory_gen.images.windows import pad_to, to_unit

MULTIPLE = 32  # what five halvings need
LARGEST = 640
OVERLAP = 64
TILES_AT_ONCE = 8
Predict = Callable[[np.ndarray], np.ndarray]


def score_map(picture: GatePicture, predict: Predict) -> np.ndarray:
    """Score of every pixel (H,W) float32.

    Args:
        picture: any size; smaller or uneven sides are continued by mirroring.
        predict: (B,H,W,C) float32 in [-1,1], sides multiples of 32, to (B,H,W).
    """
    height, width = picture.size
    values = to_unit(pad_to(picture.pixels, MULTIPLE), picture.bit_depth, CHANNELS)
    below, right = (-values.shape[0]) % MULTIPLE, (-values.shape[1]) % MULTIPLE
    values = cv2.copyMakeBorder(values, 0, below, 0, right, cv2.BORDER_REFLECT_101)
    if max(values.shape[:2]) <= LARGEST:
        return np.asarray(predict(values[None])[0][:height, :width], dtype=np.float32)
    total = np.zeros(values.shape[:2], np.float32)
    seen = np.zeros(values.shape[:2], np.float32)
    side = (min(LARGEST, values.shape[0]), min(LARGEST, values.shape[1]))
    corners = list(tiles(values.shape[0], values.shape[1], side, OVERLAP))
    for start in range(0, len(corners), TILES_AT_ONCE):
        some = corners[start : start + TILES_AT_ONCE]
        found = predict(np.stack([values[y : y + side[0], x : x + side[1]] for y, x in some]))
        for (y, x), scores in zip(some, found, strict=True):
            total[y : y + side[0], x : x + side[1]] += scores
            seen[y : y + side[0], x : x + side[1]] += 1
    return np.asarray((total / seen)[:height, :width])


def tiles(height: int, width: int, side: tuple[int, int], overlap: int) -> Iterator[tuple[int, int]]:
    """Corners (y, x) of tiles of `side` (h, w) that cover height x width; neighbours share `overlap` pixels or more."""
    for y in _starts(height, side[0], overlap):
        for x in _starts(width, side[1], overlap):
            yield y, x


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = int(np.ceil((length - overlap) / max(1, side - overlap)))
    return [int(start) for start in np.linspace(0, length - side, max(2, count)).round()]
