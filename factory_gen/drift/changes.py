"""What happens to a camera or a material, done to a picture: to measure which of it a monitor would notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import albumentations
import cv2
import numpy as np

from factory_gen.images.dataset import PartImage
from factory_gen.seeds import numpy_generator

LIGHT = 0.15
BLUR_SIGMA = 2.0
TURN_DEGREES = 5.0
LINES = 8 / 255

Change = Callable[[np.ndarray, str], np.ndarray]


def change(image: PartImage, name: str) -> PartImage:
    """The same picture after a change, in its own bit depth.

    Args:
        image: grey or colour, 8 or 16 bits.
        name: a key of `CHANGES`.
    """
    top = 2**image.bit_depth - 1
    made = CHANGES[name](image.pixels.astype(np.float32) / top, image.key)
    pixels = np.rint(np.clip(made, 0.0, 1.0) * top).astype(image.pixels.dtype)
    return PartImage(image.key, pixels.reshape(image.pixels.shape), image.bit_depth)


def _by(transform: albumentations.BasicTransform) -> Change:
    def made(pixels: np.ndarray, key: str) -> np.ndarray:
        return np.asarray(transform(image=pixels)["image"])

    return made


def _lines(pixels: np.ndarray, key: str) -> np.ndarray:
    """Lines along the picture's width as a grinder leaves them, of a spread of `LINES`; each picture has its own."""
    rng = numpy_generator(0, "drift", "lines", key)
    heights = rng.normal(0.0, LINES, len(pixels)).astype(np.float32)
    return pixels + heights.reshape(-1, *[1] * (pixels.ndim - 1))


# name for people -> what it does to pixels (H,W) or (H,W,3) float32 in [0,1] of the picture with that key
CHANGES: Mapping[str, Change] = {
    "light +15 %": _by(
        albumentations.RandomBrightnessContrast(brightness_limit=0.0, contrast_limit=(LIGHT, LIGHT), p=1.0)
    ),
    "blur, sigma 2 pixels": _by(
        albumentations.GaussianBlur(blur_limit=0, sigma_limit=(BLUR_SIGMA, BLUR_SIGMA), p=1.0)
    ),
    "turn by 5 degrees": _by(
        albumentations.Affine(rotate=(TURN_DEGREES, TURN_DEGREES), border_mode=cv2.BORDER_REFLECT_101, p=1.0)
    ),
    "grinding lines of 8 grey levels": _lines,
}
