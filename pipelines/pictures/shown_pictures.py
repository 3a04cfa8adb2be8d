"""Pictures as pages show them: 8 bits a channel, the part around a defect, its outline, what changed."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from factory_gen.images.masks import crop_around

# Okabe and Ito's orange and sky blue: told apart by everybody, and seen on grey metal.
OUTLINE = (230, 159, 0)
REGION = (86, 180, 233)
LEAST_CROP = 96
MARGIN_SHARE = 0.6
JPEG_QUALITY = 90


def as_shown(pixels: np.ndarray, bit_depth: int) -> np.ndarray:
    """(H,W) or (H,W,3) of any depth to uint8 of the same shape; the top bits are kept."""
    if pixels.dtype == np.uint8:
        return pixels
    return np.asarray((pixels >> max(bit_depth - 8, 0)).clip(0, 255), np.uint8)


def unit_as_shown(values: np.ndarray) -> np.ndarray:
    """(H,W,C) float32 in [-1,1] to uint8, (H,W) for one channel."""
    pixels = np.rint((values.clip(-1, 1) + 1.0) * 127.5).astype(np.uint8)
    return np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def jpeg(shown: np.ndarray) -> bytes:
    """Encode uint8 pixels for a page."""
    out = io.BytesIO()
    Image.fromarray(shown).save(out, format="JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def outlined(
    shown: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int] = OUTLINE, width: int = 1
) -> np.ndarray:
    """Draw a line around a mask, outside it, so that the defect itself stays visible.

    Args:
        shown: (H,W) or (H,W,3) uint8.
        mask: (H,W) bool.
        colour: red, green, blue.
        width: in pixels.

    Returns:
        (H,W,3) uint8.
    """
    drawn = np.repeat(shown[:, :, None], 3, axis=2) if shown.ndim == 2 else shown.copy()
    kernel = np.ones((2 * width + 1,) * 2, np.uint8)
    ring = cv2.dilate(mask.astype(np.uint8), kernel).astype(bool) & ~mask
    drawn[ring] = colour
    return drawn


def difference(before: np.ndarray, after: np.ndarray, bit_depth: int) -> np.ndarray:
    """How much each pixel changed, (H,W) uint8: black is nothing, white the largest change of this picture."""
    change = np.abs(after.astype(np.float32) - before.astype(np.float32))
    if change.ndim == 3:
        change = change.max(axis=2)
    top = max(float(change.max()), (2**bit_depth - 1) / 64)
    return np.asarray(change * (255.0 / top), np.uint8)


def near(mask: np.ndarray) -> tuple[slice, slice]:
    """The square around a mask (H,W) that shows it with its surroundings; cut at the picture's border."""
    if not mask.any():
        return slice(None), slice(None)
    rows, columns = crop_around(mask, 0)
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    side = max(int(side * (1 + MARGIN_SHARE)), LEAST_CROP)
    return _about(rows, side, mask.shape[0]), _about(columns, side, mask.shape[1])


def _about(span: slice, side: int, length: int) -> slice:
    start = (span.start + span.stop - side) // 2
    start = max(0, min(start, length - side))
    return slice(start, min(start + side, length))
