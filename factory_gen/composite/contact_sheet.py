"""The contact sheet: what was made, at a glance and without flattery.

One row per sample: the whole result with the window marked, then the window enlarged as source, mask, result and
signed difference. Rows are grouped by defect type. Source and result share one brightness scale, so nothing is
made to look stronger than it is; every scale is written beside its picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from factory_gen.checks import check_mask, check_pixels
from factory_gen.composite import canvas
from factory_gen.errors import UsageError
from factory_gen.images.masks import bounds, components
from factory_gen.images.windows import place

COLUMNS = ("whole picture", "source", "mask", "result", "difference")
CELL = 224
_MARGIN, _GAP, _CAPTION, _GROUP, _HEADER, _FOOTER = 36, 8, 34, 58, 66, 60
_LEAST_WINDOW = 44
_SCALES = (4, 8, 16, 32, 64, 128, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One sample on the sheet.

    Fields:
        source, result: (H,W) or (H,W,3), uint8 or uint16, of one shape and type: before and after.
        mask: (H,W) bool, where the defect was asked for.
        defect_type: the group that the row belongs to.
        caption: a short line under the row, such as seed and contrast.
        bit_depth: significant bits of the pixels, 8 to 16.
    """

    source: np.ndarray
    result: np.ndarray
    mask: np.ndarray
    defect_type: str
    caption: str = ""
    bit_depth: int = 8

    def __post_init__(self) -> None:
        check_pixels(self.source, "source")
        check_mask(self.mask, self.source.shape[:2], "mask")
        if self.result.shape != self.source.shape or self.result.dtype != self.source.dtype:
            raise UsageError(
                expected=f"a result like its source: {self.source.dtype} {self.source.shape}",
                found=f"{self.result.dtype} {self.result.shape}",
                action="Give the composite that was made from this very source.",
            )

    @property
    def changed_outside(self) -> int:
        """Pixels outside the mask that are not bit-equal to the source's."""
        changed = np.atleast_3d(self.source != self.result).any(axis=2)
        return int((changed & ~self.mask).sum())


def draw_contact_sheet(rows: Sequence[SheetRow], out: Path, *, title: str, cell: int = CELL) -> Path:
    """Draw the sheet and write it as PNG.

    Args:
        rows: samples in the order wanted; types appear in the order of their first row.
        out: the PNG file; its folder is made.
        title: headline.
        cell: side of one picture in pixels.

    Returns:
        `out`.

    Raises:
        UsageError: there is no row.
    """
    if not rows:
        raise UsageError(
            expected="at least one sample", found="none", action="Generate something before drawing a sheet."
        )
    groups = _by_type(rows)
    width = 2 * _MARGIN + len(COLUMNS) * cell + (len(COLUMNS) - 1) * _GAP
    height = _HEADER + len(groups) * _GROUP + len(rows) * (cell + _CAPTION) + _FOOTER
    page = canvas.new_page(width, height)
    count = f"{len(rows)} samples of {len(groups)} defect type{'s' if len(groups) > 1 else ''}"
    canvas.write(page, (_MARGIN, 48), title, 23, bold=True, width=width - 3 * _MARGIN - 260)
    canvas.write(page, (width - _MARGIN, 48), count, 13, colour=canvas.FAINT, anchor="rs")
    top = _HEADER
    for position, (name, members) in enumerate(groups.items()):
        colour = canvas.TYPE_COLOURS[position % len(canvas.TYPE_COLOURS)]
        _draw_group_head(page, name, len(members), colour, top, cell)
        top += _GROUP
        for row in members:
            _draw_row(page, row, colour, top, cell)
            top += cell + _CAPTION
    _draw_footer(page, top)
    return canvas.save_page(page, out)


def window_of(mask: np.ndarray, cell: int = CELL) -> tuple[slice, slice]:
    """Choose the window to show: the defect with room around it, as large as a whole enlargement factor allows.

    A defect in several far-apart pieces, too wide for the cell, is shown by its largest piece.
    """
    height, width = mask.shape
    top, left, bottom, right = bounds(mask)
    if _wanted_side(top, left, bottom, right) > cell:
        top, left, bottom, right = bounds(components(mask)[0])
    wanted = _wanted_side(top, left, bottom, right)
    side = cell // (cell // wanted) if wanted <= cell else wanted
    corner = place(((top + bottom) / 2, (left + right) / 2), side, height, width)
    return slice(corner[0], corner[0] + side), slice(corner[1], corner[1] + side)


def _wanted_side(top: int, left: int, bottom: int, right: int) -> int:
    return max(_LEAST_WINDOW, round(1.5 * max(bottom - top, right - left)))


def difference_scale(difference: np.ndarray) -> int:
    """Smallest of 4, 8, 16 ... 255 grey levels (of 255) that holds 99 % of the changed pixels."""
    changed = np.abs(difference[difference != 0])
    strong = float(np.percentile(changed, 99)) if changed.size else 0.0
    return next(scale for scale in _SCALES if scale >= min(strong, _SCALES[-1]))


def _by_type(rows: Sequence[SheetRow]) -> dict[str, list[SheetRow]]:
    groups: dict[str, list[SheetRow]] = {}
    for row in rows:
        groups.setdefault(row.defect_type, []).append(row)
    return groups


def _draw_group_head(
    page: Image.Image, name: str, count: int, colour: canvas.Colour, top: int, cell: int
) -> None:
    draw = ImageDraw.Draw(page)
    draw.line((_MARGIN, top + 4, page.width - _MARGIN, top + 4), fill=canvas.FRAME, width=1)
    draw.rectangle((_MARGIN, top + 17, _MARGIN + 11, top + 28), fill=colour)
    taken = canvas.write(page, (_MARGIN + 20, top + 28), name, 15, bold=True, width=3 * cell)
    canvas.write(page, (_MARGIN + 28 + taken, top + 28), str(count), 13, colour=canvas.FAINT)
    for column, label in enumerate(COLUMNS):
        left = _MARGIN + column * (cell + _GAP)
        canvas.write(page, (left, top + _GROUP - 8), label, 12, colour=canvas.FAINT)


def _draw_row(page: Image.Image, row: SheetRow, colour: canvas.Colour, top: int, cell: int) -> None:
    window = window_of(row.mask, cell)
    difference = _grey_levels(row.result, row) - _grey_levels(row.source, row)
    scale = difference_scale(difference)
    tiles = [_whole(row, window, colour, cell), *_window_tiles(row, window, colour, cell)]
    signed = canvas.enlarge(canvas.signed_tile(difference[window], scale), cell, smooth=False)
    tiles.append(canvas.outline(signed, row.mask[window], canvas.PAPER))
    lefts = [_MARGIN + column * (cell + _GAP) for column in range(len(COLUMNS))]
    for left, tile in zip(lefts, tiles, strict=True):
        canvas.paste(page, tile, left, top, cell)
    line = top + cell + 17
    canvas.write(page, (lefts[0], line), row.caption, 12, width=3 * cell)
    locality = "none outside the mask" if not row.changed_outside else f"{row.changed_outside} px OUTSIDE"
    noted = f"±{scale} of 255 · {locality}"
    ink = canvas.VERMILION if row.changed_outside else canvas.FAINT
    canvas.write(page, (lefts[4], line), noted, 11, colour=ink, width=cell)
    zoom = tiles[3].shape[1] / row.mask[window].shape[1]
    canvas.write(page, (lefts[3], line), f"shown at {zoom:.2g} ×", 11, colour=canvas.FAINT)


def _whole(row: SheetRow, window: tuple[slice, slice], colour: canvas.Colour, cell: int) -> np.ndarray:
    """The whole result, small, with the window's frame."""
    values = canvas.to_unit_range(row.result, row.bit_depth)
    tile = canvas.enlarge(canvas.to_tile(values, canvas.stretch_limits(values)), cell).copy()
    zoom = tile.shape[1] / values.shape[1]
    ends = [
        (min(round(part.start * zoom), limit - 2), min(round(part.stop * zoom), limit) - 1)
        for part, limit in zip(window, tile.shape[:2], strict=True)
    ]
    cv2.rectangle(tile, (ends[1][0], ends[0][0]), (ends[1][1], ends[0][1]), colour, 2)
    return tile


def _window_tiles(
    row: SheetRow, window: tuple[slice, slice], colour: canvas.Colour, cell: int
) -> list[np.ndarray]:
    """Source, mask on the dimmed source, and result: enlarged, on one brightness scale."""
    before = canvas.to_unit_range(row.source[window], row.bit_depth)
    after = canvas.to_unit_range(row.result[window], row.bit_depth)
    limits = canvas.stretch_limits(before, after)
    source, result = (canvas.enlarge(canvas.to_tile(values, limits), cell) for values in (before, after))
    dimmed = (source * 0.55).astype(np.uint8)
    return [source, canvas.outline(dimmed, row.mask[window], colour, fill=0.45), result]


def _grey_levels(pixels: np.ndarray, row: SheetRow) -> np.ndarray:
    """Brightness (H,W) float32 in 8-bit grey levels."""
    return np.asarray(canvas.to_unit_range(pixels, row.bit_depth).mean(axis=2) * 255)


def _draw_footer(page: Image.Image, top: int) -> None:
    left, y = _MARGIN, top + 22
    ramp = canvas.signed_tile(np.tile(np.linspace(-1, 1, 120), (12, 1)), 1)
    taken = canvas.write(page, (left, y + 11), "darker", 11, colour=canvas.FAINT)
    page.paste(Image.fromarray(ramp), (round(left + taken + 8), y))
    words = (
        "brighter than the source   ·   grey: unchanged   ·   "
        "source and result of a row share one brightness scale, stretched to be seen"
    )
    canvas.write(page, (left + taken + 136, y + 11), words, 11, colour=canvas.FAINT)
