"""The pictures of one review: the same piece of source, result, mask, difference and nearest real defect."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_registry.records import SourceImageRecord
from factory_gen.images.files import encode_png, read_mask, read_picture
from factory_gen.images.masks import bounds
from pipelines.wiring import Workplace

LEAST_SIDE = 96
_ROOM, _AROUND = 2.2, 12
_OUTLINE_SCALE, _OUTLINE_SIDE = 4, 640
# Okabe-Ito vermillion between two dark lines, seen on any grey; BGRA for OpenCV
_LINE, _EDGE = (0, 94, 213, 255), (20, 20, 20, 255)
MOST_WHOLE = 640


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """A picture in memory with its mask.

    Fields:
        pixels: (H,W) or (H,W,3) uint8.
        mask: (H,W) bool.
    """

    pixels: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Square of a picture: rows top..top+side, columns left..left+side, inside the picture where it fits."""

    top: int
    left: int
    side: int


def load(work: Workplace, sha256: str, mask_sha256: str, *, bit_depth: int) -> Shown:
    """Read a stored picture and a mask, which is brought to the picture's size where it has another.

    Raises:
        Integrity, ImageRefused: the stored bytes are not what they should be.
    """
    pixels = as_bytes(work, sha256, bit_depth)
    data = work.blobs.read(mask_sha256)
    found = read_picture(data, mask_sha256[:12]).pixels
    height, width = pixels.shape[:2]
    if found.shape[:2] == (height, width):
        return Shown(pixels=pixels, mask=read_mask(data, mask_sha256[:12], size=(height, width)))
    grey = found if found.ndim == 2 else found[:, :, 0]
    return Shown(pixels=pixels, mask=cv2.resize(grey, (width, height), interpolation=cv2.INTER_NEAREST) > 127)


def load_real(work: Workplace, row: SourceImageRecord) -> Shown:
    """A real defect of the plant with its mask."""
    assert row.mask_sha256 is not None
    return load(work, row.sha256, row.mask_sha256, bit_depth=row.bit_depth)


def as_bytes(work: Workplace, sha256: str, bit_depth: int) -> np.ndarray:
    """A stored picture as (H,W) or (H,W,3) uint8."""
    picture = read_picture(work.blobs.read(sha256), sha256[:12], bit_depth=bit_depth)
    if picture.pixels.dtype == np.uint8:
        return picture.pixels
    return (picture.pixels >> max(picture.bit_depth - 8, 0)).clip(0, 255).astype(np.uint8)


def piece_around(mask: np.ndarray) -> Piece:
    """The square that shows a defect with its surroundings; the whole picture where the mask is empty."""
    height, width = mask.shape
    if not mask.any():
        return Piece(top=0, left=0, side=max(height, width))
    top, left, bottom, right = bounds(mask)
    side = int(max(_ROOM * max(bottom - top, right - left), LEAST_SIDE) + _AROUND)
    return Piece(
        top=_start((top + bottom) // 2, side, height),
        left=_start((left + right) // 2, side, width),
        side=side,
    )


def _start(centre: int, side: int, length: int) -> int:
    return max(0, min(centre - side // 2, length - side))


def cut(array: np.ndarray, piece: Piece) -> np.ndarray:
    """What of an array lies in the piece."""
    return np.ascontiguousarray(
        array[piece.top : piece.top + piece.side, piece.left : piece.left + piece.side]
    )


def difference(source: np.ndarray, result: np.ndarray) -> np.ndarray:
    """How far each pixel was changed, the strongest white: (H,W) uint8; black where nothing was."""
    apart = np.abs(source.astype(np.int16) - result.astype(np.int16))
    grey = apart if apart.ndim == 2 else apart.max(axis=2)
    return np.asarray(grey * (255.0 / max(int(grey.max()), 1)), np.uint8)


def outline(mask: np.ndarray) -> bytes:
    """PNG with nothing but the border of a mask, at up to four times its size, clear elsewhere."""
    scale = max(1, min(_OUTLINE_SCALE, _OUTLINE_SIDE // max(mask.shape)))
    large = cv2.resize(mask.astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    lines, _ = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.zeros((*large.shape, 4), np.uint8)
    cv2.drawContours(drawn, lines, -1, _EDGE, 1 + scale)
    cv2.drawContours(drawn, lines, -1, _LINE, max(1, scale // 2))
    done, data = cv2.imencode(".png", drawn)
    assert done
    return bytes(data.tobytes())


def picture_bytes(pixels: np.ndarray) -> bytes:
    """PNG of (H,W) or (H,W,3) uint8."""
    return encode_png(pixels)


def whole_bytes(shown: Shown, piece: Piece) -> bytes:
    """JPEG of the whole picture, at most 640 pixels long, with a frame where the piece is."""
    pixels = shown.pixels if shown.pixels.ndim == 3 else np.repeat(shown.pixels[:, :, None], 3, axis=2)
    scale = min(1.0, MOST_WHOLE / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    low = (round(piece.left * scale), round(piece.top * scale))
    high = (
        min(round((piece.left + piece.side) * scale), small.shape[1]) - 1,
        min(round((piece.top + piece.side) * scale), small.shape[0]) - 1,
    )
    framed = np.ascontiguousarray(small[:, :, ::-1])
    cv2.rectangle(framed, low, high, _EDGE[:3], 3)
    cv2.rectangle(framed, low, high, _LINE[:3], 1)
    done, data = cv2.imencode(".jpg", framed, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    return bytes(data.tobytes())
