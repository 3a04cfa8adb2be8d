"""Perlin blobs: a patch of the part's own texture, moved and brightened, in the shape of thresholded Perlin noise.

The second honest floor, after Zavrtanik et al., "DRAEM" (ICCV 2021), without its library of foreign textures. It
knows nothing of this plant's defects.
"""

from __future__ import annotations

import cv2
import numpy as np

from factory_gen.checks import check_pixels
from factory_gen.images.masks import components

_CELLS = (2, 4, 8, 16)
_LEAST_PIXELS = 12
_TRIES = 8


def perlin(
    picture: np.ndarray,
    rng: np.random.Generator,
    *,
    region: np.ndarray | None = None,
    largest: float = 0.15,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one blob into a good picture.

    Args:
        picture: (H,W) or (H,W,3), uint8 or uint16.
        rng: decides everything.
        region: (H,W) bool, where a defect may sit; anywhere by default.
        largest: blobs above this share of the picture are not used.

    Returns:
        The new picture and its mask (H,W) bool, True where a pixel changed; empty if no blob fitted.
    """
    check_pixels(picture, "picture")
    allowed = np.ones(picture.shape[:2], dtype=bool) if region is None else region
    blob = _blob(allowed, rng, largest)
    if blob is None:
        return picture.copy(), np.zeros(picture.shape[:2], dtype=bool)
    moved = np.roll(picture, [int(rng.integers(side)) for side in picture.shape[:2]], axis=(0, 1))
    top = float(max(int(picture.max()), 1))
    texture = moved.astype(np.float32) * rng.uniform(0.6, 1.4) + top * rng.uniform(-0.25, 0.25)
    keep = rng.uniform(0.1, 0.6)
    mixed = keep * picture.astype(np.float32) + (1 - keep) * texture
    result = picture.copy()
    result[blob] = np.clip(np.rint(mixed), 0, top).astype(picture.dtype)[blob]
    changed = result != picture
    return result, np.asarray(changed.any(axis=2) if changed.ndim == 3 else changed)


def noise(height: int, width: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Perlin noise (H,W) float32 around 0 with `cells` gradient cells along each side."""
    angles = rng.uniform(0, 2 * np.pi, (cells + 1, cells + 1))
    ys = np.linspace(0, cells, height, endpoint=False)[:, None] * np.ones((1, width))
    xs = np.linspace(0, cells, width, endpoint=False)[None, :] * np.ones((height, 1))
    row, column = ys.astype(int), xs.astype(int)
    y, x = ys - row, xs - column

    def corner(down: int, along: int) -> np.ndarray:
        angle = angles[row + down, column + along]
        return np.asarray(np.sin(angle) * (y - down) + np.cos(angle) * (x - along))

    fade_y, fade_x = (t**3 * (t * (6 * t - 15) + 10) for t in (y, x))
    upper = corner(0, 0) * (1 - fade_x) + corner(0, 1) * fade_x
    lower = corner(1, 0) * (1 - fade_x) + corner(1, 1) * fade_x
    return np.asarray(upper * (1 - fade_y) + lower * fade_y, dtype=np.float32)


def _blob(allowed: np.ndarray, rng: np.random.Generator, largest: float) -> np.ndarray | None:
    """One connected piece of thresholded noise that lies inside the region; None after some vain tries."""
    height, width = allowed.shape
    for _ in range(_TRIES):
        field = noise(height, width, int(rng.choice(_CELLS)), rng)
        field = cv2.GaussianBlur(field, (0, 0), 1.0)
        pieces = components((field > rng.uniform(0.25, 0.45)) & allowed)
        fitting = [p for p in pieces if _LEAST_PIXELS <= p.sum() <= largest * allowed.size]
        if fitting:
            return fitting[int(rng.integers(len(fitting)))]
    return None
