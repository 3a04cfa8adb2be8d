"""Plain sheets of pictures: a strip for an interpolation, a grid for samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from factory_gen.composite import canvas
from factory_gen.errors import UsageError

_MARGIN, _GAP, _CAPTION, _TITLE = 20, 6, 20, 40


def draw_grid(
    pictures: Sequence[np.ndarray],
    out: Path,
    *,
    captions: Sequence[str] | None = None,
    title: str = "",
    columns: int | None = None,
    cell: int = 160,
    bit_depth: int = 8,
) -> Path:
    """Draw pictures in reading order and write the grid as PNG.

    Args:
        pictures: each (H,W), (H,W,1) or (H,W,3); integers of `bit_depth` bits or floats in [-1, 1]; sizes may vary.
        out: the PNG file; its folder is made.
        captions: one short line under each picture.
        columns: pictures per line; default as square as possible.
        cell: largest side of one picture; smaller ones are enlarged by a whole factor, larger ones shrunk.

    Returns:
        `out`.

    Raises:
        UsageError: no pictures, captions that do not match them, or no columns.
    """
    _check(pictures, captions, columns)
    columns = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    lines = math.ceil(len(pictures) / columns)
    tiles = [canvas.enlarge(canvas.to_tile(canvas.to_unit_range(p, bit_depth)), cell) for p in pictures]
    cell = max(side for tile in tiles for side in tile.shape[:2])
    step_x, step_y = cell + _GAP, cell + (_CAPTION if captions else _GAP)
    head = _TITLE if title else 0
    page = canvas.new_page(2 * _MARGIN + columns * step_x - _GAP, 2 * _MARGIN + head + lines * step_y - _GAP)
    if title:
        canvas.write(page, (_MARGIN, _MARGIN + 18), title, 16, bold=True, width=page.width - 2 * _MARGIN)
    for index, tile in enumerate(tiles):
        left = _MARGIN + index % columns * step_x
        top = _MARGIN + head + index // columns * step_y
        canvas.paste(page, tile, left, top, cell)
        if captions:
            place = (left + cell / 2, top + cell + 13)
            canvas.write(page, place, captions[index], 10, colour=canvas.FAINT, anchor="ms", width=cell)
    return canvas.save_page(page, out)


def draw_strip(
    pictures: Sequence[np.ndarray],
    out: Path,
    captions: Sequence[str] | None = None,
    *,
    title: str = "",
    cell: int = 160,
    bit_depth: int = 8,
) -> Path:
    """Draw pictures side by side in one line, such as the frames of an interpolation; see `draw_grid`."""
    return draw_grid(
        pictures,
        out,
        captions=captions,
        title=title,
        columns=max(1, len(pictures)),
        cell=cell,
        bit_depth=bit_depth,
    )


def _check(pictures: Sequence[np.ndarray], captions: Sequence[str] | None, columns: int | None) -> None:
    fits = captions is None or len(captions) == len(pictures)
    if not pictures or not fits or (columns is not None and columns < 1):
        raise UsageError(
            expected="at least one picture, a caption for each or none, and one column or more",
            found=f"{len(pictures)} pictures, {len(captions or ())} captions, columns {columns}",
            action="Give as many captions as pictures.",
        )
