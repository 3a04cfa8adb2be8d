"""Paper, type and ink for the sheets: pictures of any kind to RGB, outlines, signed differences, text.

Colours are those of Okabe and Ito, which people with the common colour deficiencies can tell apart.

Shape legend: H height, W width; a tile is (H,W,3) uint8 RGB.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from factory_gen.errors import UsageError

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

ORANGE, SKY, GREEN, YELLOW = (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)
BLUE, VERMILION, PURPLE = (0, 114, 178), (213, 94, 0), (204, 121, 167)
TYPE_COLOURS: tuple[Colour, ...] = (ORANGE, SKY, GREEN, PURPLE, YELLOW, VERMILION, BLUE)
PAPER, INK, FAINT, FRAME = (250, 250, 248), (32, 33, 36), (110, 112, 116), (226, 226, 222)
MID_GREY = 128


def to_unit_range(pixels: np.ndarray, bit_depth: int = 8) -> np.ndarray:
    """Any picture as float32 (H,W,3) in [0,1].

    Args:
        pixels: (H,W), (H,W,1) or (H,W,3); integers of `bit_depth` bits, or floats in [-1, 1].
        bit_depth: significant bits of integer pixels, 8 to 16.

    Raises:
        UsageError: another shape.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3)):
        raise UsageError(
            expected="a picture of shape (H,W), (H,W,1) or (H,W,3)",
            found=f"shape {pixels.shape}",
            action="Give one picture at a time, channels last.",
        )
    values: np.ndarray = pixels.astype(np.float32)
    floats = np.issubdtype(pixels.dtype, np.floating)
    values = (values + 1) / 2 if floats else values / (2**bit_depth - 1)
    deep = np.atleast_3d(np.clip(values, 0, 1))
    return np.repeat(deep, 3, axis=2) if deep.shape[2] == 1 else deep


def stretch_limits(*pictures: np.ndarray) -> tuple[float, float]:
    """Darkest and brightest value worth showing of pictures in [0,1]; at most a threefold gain, never a loss."""
    values = np.concatenate([picture.reshape(-1) for picture in pictures])
    low, high = np.percentile(values, [0.5, 99.8])
    middle, half = (low + high) / 2, max(high - low, 1 / 3) / 2
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return float(low), float(high)


def to_tile(values: np.ndarray, limits: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """Picture (H,W,3) in [0,1] to uint8, with `limits` shown as black and white."""
    low, high = limits
    return np.round(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def enlarge(tile: np.ndarray, size: int, *, smooth: bool = True) -> np.ndarray:
    """Scale a tile to fit a square of `size`: by a whole factor when enlarging, by area when shrinking."""
    height, width = tile.shape[:2]
    factor = size // max(height, width)
    if factor >= 1:
        new = width * factor, height * factor
        way = cv2.INTER_CUBIC if smooth and factor > 1 else cv2.INTER_NEAREST
    else:
        scale = size / max(height, width)
        new = max(1, round(width * scale)), max(1, round(height * scale))
        way = cv2.INTER_AREA
    return np.asarray(cv2.resize(tile, new, interpolation=way))


def outline(tile: np.ndarray, mask: np.ndarray, colour: Colour, *, fill: float = 0.0) -> np.ndarray:
    """Draw a mask's border on an enlarged tile; the line lies just outside the mask and hides none of it.

    Args:
        tile: (H,W,3), already at its final size.
        mask: (h,w) bool at native size; is scaled to the tile.
        fill: how much of the colour covers the inside, 0 to 1.

    Returns:
        A new tile.
    """
    height, width = tile.shape[:2]
    large = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    drawn = tile.astype(np.float32)
    drawn[large] += fill * (np.array(colour, np.float32) - drawn[large])
    brush = np.ones((3, 3) if max(height, width) < 160 else (5, 5), np.uint8)
    border = (cv2.dilate(large.astype(np.uint8), brush) > 0) & ~large
    drawn[border] = colour
    return np.round(drawn).astype(np.uint8)


def signed_tile(difference: np.ndarray, scale: float) -> np.ndarray:
    """Signed difference (H,W) to a tile: mid grey is none, blue darker, vermilion brighter, full at +-`scale`."""
    strength = np.clip(difference / scale, -1, 1)[..., None].astype(np.float32)
    ends = np.where(strength < 0, np.array(BLUE, np.float32), np.array(VERMILION, np.float32))
    # A root lifts faint differences, which are those worth looking for.
    amount = np.abs(strength) ** 0.75
    return np.round(MID_GREY + amount * (ends - MID_GREY)).astype(np.uint8)


@lru_cache(maxsize=32)
def font(size: int, *, bold: bool = False) -> Font:
    """DejaVu Sans where matplotlib brings it along, else the face inside Pillow."""
    found = importlib.util.find_spec("matplotlib")
    if found is not None and found.origin is not None:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def write(
    page: Image.Image,
    place: tuple[float, float],
    text: str,
    size: int,
    *,
    colour: Colour = INK,
    bold: bool = False,
    anchor: str = "ls",
    width: float | None = None,
) -> float:
    """Put one line of text on the page, cut to `width` with an ellipsis; returns the width it took.

    Args:
        place: x and y of the anchor (Pillow's letters; "ls" is the left end of the base line).
    """
    face = font(size, bold=bold)
    if width is not None:
        text = shorten(text, width, size, bold=bold)
    ImageDraw.Draw(page).text(place, text, fill=colour, font=face, anchor=anchor)
    return float(face.getlength(text))


def shorten(text: str, width: float, size: int, *, bold: bool = False) -> str:
    """Cut a text that is wider than `width` pixels and end it with an ellipsis."""
    face = font(size, bold=bold)
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def new_page(width: int, height: int) -> Image.Image:
    """Blank paper."""
    return Image.new("RGB", (width, height), PAPER)


def paste(page: Image.Image, tile: np.ndarray, left: int, top: int, cell: int) -> None:
    """Lay a tile in the middle of a square cell whose corner is at (left, top)."""
    ImageDraw.Draw(page).rectangle((left, top, left + cell - 1, top + cell - 1), fill=FRAME)
    height, width = tile.shape[:2]
    page.paste(Image.fromarray(tile), (left + (cell - width) // 2, top + (cell - height) // 2))


def save_page(page: Image.Image, out: Path) -> Path:
    """Write the page as PNG, making its folder; the same page gives the same bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    page.save(out, format="PNG", compress_level=6)
    return out
