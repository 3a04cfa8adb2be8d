"""What an inspection trainer does to its windows: flips, light, contrast, gamma, turn and zoom, blur, noise.

As strong as small data sets need: with a faint version the inspector learned its few training groups by heart
(`docs/decisions/0008-a-strong-inspector-and-the-control-arm.md`).
"""

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
            albumentations.RandomBrightnessContrast(brightness_limit=0.3, contrast_limit=0.4, p=0.8),
            albumentations.RandomGamma(gamma_limit=(60, 160), p=0.5),
            albumentations.Affine(
                scale=(0.75, 1.3), rotate=(-10, 10), border_mode=cv2.BORDER_REFLECT_101, p=0.6
            ),
            albumentations.GaussianBlur(blur_limit=(3, 3), p=0.15),
            albumentations.GaussNoise(std_range=(0.01, 0.03), p=0.25),
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
