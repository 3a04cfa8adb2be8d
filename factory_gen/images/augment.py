"""Moves that keep a part a part: flips and quarter turns, through albumentations.

Which ones are allowed is the plant's choice: grinding marks have a direction, so a tile may be mirrored but not turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import albumentations
import numpy as np

from factory_gen.checks import check_choice

MOVES = {
    "flip-x": albumentations.HorizontalFlip,
    "flip-y": albumentations.VerticalFlip,
    "quarter-turns": albumentations.RandomRotate90,
}


@lru_cache(maxsize=8)
def _compose(moves: tuple[str, ...]) -> albumentations.Compose:
    for move in moves:
        check_choice(move, MOVES, "augment")
    return albumentations.Compose([MOVES[move](p=0.5) for move in moves])


def turn_window(
    pixels: np.ndarray, mask: np.ndarray, moves: Sequence[str], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Apply each allowed move with probability one half to a window and its mask.

    Args:
        pixels: (S,S) or (S,S,C), uint8 or uint16.
        mask: (S,S) bool.
        moves: names from `MOVES`.
        rng: decides which moves are made.

    Returns:
        The moved pixels and mask, same shapes and types.
    """
    if not moves:
        return pixels, mask
    compose = _compose(tuple(moves))
    compose.set_random_seed(int(rng.integers(2**31)))
    moved = compose(image=pixels, mask=mask.astype(np.uint8))
    return moved["image"], moved["mask"] > 0
