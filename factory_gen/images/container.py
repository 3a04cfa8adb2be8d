"""A picture file whose header was read and checked, and what every format's header reader shares."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFile

from factory_gen.images.refused import ImageRefused

_ORIENTATION = 274
# what parsers raise on broken bytes; none of it is a fault of the program
BROKEN: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
# Pillow warns about odd metadata through a global switch, which only one thread at a time may turn
_quiet_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A checked file header.

    Attributes:
        format: "PNG", "JPEG", "BMP" or "TIFF".
        image: the Pillow picture, opened and not yet decoded.
        body: the bytes to decode; for a PNG without its metadata.
        width, height: pixels as stored, before any turn.
        bits: bits per sample as stored.
        channels: samples per pixel as stored.
        recorded_depth: significant bits if the file records them, else None.
        turn: EXIF orientation, 1 to 8.
        notes: what was left out, in the words of `Picture.conversions`.
    """

    format: str
    image: ImageFile.ImageFile
    body: bytes
    width: int
    height: int
    bits: int
    channels: int
    recorded_depth: int | None = None
    turn: int = 1
    notes: tuple[str, ...] = ()


def damaged(name: str, found: str, reason: str = "damaged") -> ImageRefused:
    """The refusal of a file whose bytes are not what its format promises."""
    return ImageRefused(
        reason,
        name,
        expected="a whole, undamaged picture file",
        found=found,
        action="Copy the file again from where it came from; if it is damaged there too, leave it out.",
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's remarks about odd metadata off the screen; one thread at a time."""
    with _quiet_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def open_with(plugin: Any, data: bytes, name: str) -> ImageFile.ImageFile:
    """Open bytes with one Pillow class; whatever it raises on broken bytes becomes a refusal."""
    try:
        with quiet():
            return plugin(io.BytesIO(data))
    except BROKEN as fault:
        cut = "truncated" if isinstance(fault, EOFError) else "damaged"
        raise damaged(name, f"a header that cannot be read ({fault})", cut) from fault


def image_turn(image: ImageFile.ImageFile) -> int:
    """EXIF orientation of an opened picture, 1 to 8; 1 when there is none or it makes no sense."""
    try:
        with quiet():
            turn = image.getexif().get(_ORIENTATION, 1)
    except BROKEN:
        return 1  # metadata that cannot be read says nothing about the turn
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def exif_turn(data: bytes) -> int:
    """EXIF orientation from a raw EXIF block, 1 to 8; 1 when there is none or it makes no sense."""
    if not data:
        return 1
    exif = Image.Exif()
    try:
        with quiet():
            exif.load(data)
            turn = exif.get(_ORIENTATION, 1)
    except BROKEN:
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def refuse_frames(name: str) -> None:
    """Refuse a file that holds a sequence: which of its pictures is meant, only the user knows."""
    raise ImageRefused(
        "multi-frame",
        name,
        expected="one picture per file",
        found="several frames or pages",
        action="Save the frame that you want as a PNG or TIFF of its own.",
    )
