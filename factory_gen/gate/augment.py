"""What any inspection trainer does to its real windows: flips, brightness, contrast, a little turn and zoom."""

from __future__ import annotations

from functools import lru_cache

import albumentations
import cv2
import numpy as np

from factory_gen.images.augment import MOVES


@lru_cache(maxsize=8)
def _compose(moves: tuple[str, ...]) -> albumentations.Compose:
    return albumentations.Compose(
        [
            *(MOVES[move](p=0.5) for move in moves),
            albumentations.RandomBrightnessContrast(brightness_limit=0.1, contrast_limit=0.15, p=0.5),
            albumentations.Affine(
                scale=(0.9, 1.1), rotate=(-6, 6), border_mode=cv2.BORDER_REFLECT_101, p=0.3
            ),
        ]
    )


def vary(
    pixels: np.ndarray, mask: np.ndarray, moves: tuple[str, ...], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One random variation of a window.

    Args:
        pixels: (S,S,C) float32 in [0,1].
        mask: (S,S) bool.
        moves: flips and turns that the part allows.
        rng: decides everything.

    Returns:
        Pixels and mask of the same shapes and types.
    """
    compose = _compose(moves)
    compose.set_random_seed(int(rng.integers(2**31)))
    made = compose(image=pixels, mask=mask.astype(np.uint8))
    varied = made["image"].reshape(pixels.shape)
    return np.clip(varied, 0.0, 1.0).astype(np.float32), np.ascontiguousarray(made["mask"] > 0)
