"""Read a mask file as trainers do: Pillow, one channel, everything that is not 0 is defect."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from factory_gen.errors import IntegrityError
from factory_gen.export.item import png_size


def read_mask_file(path: Path, image: Path | None = None) -> np.ndarray:
    """Read a mask, (H,W) bool.

    Args:
        path: the mask file.
        image: the PNG that it belongs to; then the two must have one size.

    Raises:
        IntegrityError: a file is missing or unreadable, or the sizes differ.
    """
    try:
        with Image.open(path) as opened:
            mask = np.asarray(opened.convert("L")) != 0
        size = image_size(image) if image else mask.shape
    except OSError as error:
        raise _broken(path, "a picture and its mask that can be read", str(error)) from error
    if mask.shape != size:
        raise _broken(path, f"a mask of its picture's size {size}", str(mask.shape))
    return mask


def image_size(image: Path) -> tuple[int, int]:
    """(height, width) of a PNG file in pixels."""
    with image.open("rb") as head:
        return png_size(head.read(32), image.name)


def _broken(path: Path, expected: str, found: str) -> IntegrityError:
    return IntegrityError(
        expected=expected, found=f"{path.name}: {found}", action="Check the disk and export again."
    )
