"""The one reader and writer of picture files: bytes in, checked pixels out, and back.

Everything that the product decodes or encodes passes here, so that a picture looks the same to the autoencoder,
the audit and the export: turned once as its EXIF data says, grey or RGB, at its own bit depth, without alpha.
What had to be changed on the way is recorded in `Picture.conversions`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.errors import UsageError
from factory_gen.images.decode import decode, turned
from factory_gen.images.headers import check_shape, open_container
from factory_gen.images.refused import ImageRefused

Size = tuple[int, int]  # (H, W)

_DEPTHS = (10, 12, 14, 16)  # what cameras deliver in 16-bit files
_COMPRESSION = 2  # zlib level: 6 takes three to six times as long for a tenth less [measured on tiles]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One decoded picture.

    Attributes:
        pixels: (H,W) or (H,W,3), uint8 or uint16, C-contiguous, RGB order.
        bit_depth: significant bits, 8 to 16; the value range is [0, 2**bit_depth - 1].
        conversions: what the reader changed, in order.
        turn: EXIF orientation that was applied, 1 (none) to 8.
    """

    pixels: np.ndarray
    bit_depth: int
    conversions: tuple[str, ...] = ()
    turn: int = 1

    def __post_init__(self) -> None:
        _check_pixels(self.pixels)
        if not 8 <= self.bit_depth <= 16:
            raise UsageError(
                expected="8 to 16 bits", found=str(self.bit_depth), action="Check the recorded depth."
            )

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return 1 if self.pixels.ndim == 2 else 3

    @property
    def mode(self) -> str:
        """Colour mode: "L" for grey, "RGB" for colour, whatever the bit depth."""
        return "L" if self.pixels.ndim == 2 else "RGB"


def read_picture(data: bytes, name: str, *, bit_depth: int | None = None) -> Picture:
    """Decode a picture file.

    Args:
        data: the file's bytes.
        name: how the user knows the file; named in refusals.
        bit_depth: the depth that the registry recorded; without it the file's own record counts, and
            without that the smallest of 10, 12, 14, 16 that holds a 16-bit picture's brightest pixel.

    Raises:
        ImageRefused: the file cannot be used; `.reason` is the code.
    """
    container = open_container(data, name)
    check_shape(container, name)
    stored, notes = decode(container, name)
    depth = 8
    if stored.dtype == np.uint16:
        depth = _depth(int(stored.max()), container.recorded_depth, bit_depth)
        if depth < 16:
            notes = (*notes, f"{depth} bits in 16")
    return Picture(pixels=stored, bit_depth=depth, conversions=notes, turn=container.turn)


def read_mask(
    data: bytes, name: str, *, size: Size, threshold: int | None = None, turn: int = 1
) -> np.ndarray:
    """Decode a mask file; True is defect.

    Args:
        data: the file's bytes.
        name: how the user knows the file.
        size: (H,W) of its picture, after the picture's EXIF turn.
        threshold: stored grey value from which a pixel counts as defect; without it only the values {0,1},
            {0,255} and {0,65535} are a mask.
        turn: EXIF orientation of its picture. A mask drawn over the unturned picture is turned along when
            only that makes it fit.

    Returns:
        (H,W) bool; it may be empty, which is the caller's to judge.

    Raises:
        ImageRefused: not a mask, or of another size.
    """
    container = open_container(data, name)
    if container.format == "JPEG":
        raise _no_mask(
            "mask-jpeg",
            name,
            "a mask in a format without loss",
            "a JPEG, whose edges are blurred",
            "Export the mask again as PNG.",
        )
    stored, _ = decode(container, name)
    if stored.shape[:2] != size and turn >= 5 and stored.shape[:2] == (size[1], size[0]):
        stored = turned(stored, turn)
    if stored.shape[:2] != size:
        raise _no_mask(
            "mask-size",
            name,
            f"a mask of {size[1]} x {size[0]} pixels, like its picture",
            f"{stored.shape[1]} x {stored.shape[0]}",
            "Export the mask again at the picture's size; it is never stretched.",
        )
    return _binary(_one_channel(stored, name), name, threshold)


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode (H,W) or (H,W,3) RGB, uint8 or uint16, as PNG: same pixels, same bytes.

    Raises:
        UsageError: another shape or type.
    """
    _check_pixels(pixels)
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
    if not done:
        raise UsageError(
            expected="pixels that PNG can hold",
            found=f"shape {pixels.shape}, {pixels.dtype}",
            action="Check the picture's size.",
        )
    return coded.tobytes()


def encode_mask(mask: np.ndarray) -> bytes:
    """Encode a (H,W) bool mask as 8-bit grey PNG with 0 and 255.

    Raises:
        UsageError: not a bool array of two axes.
    """
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise UsageError(
            expected="a mask: bool of shape (H,W)",
            found=f"{mask.dtype} of shape {mask.shape}",
            action="Compare the pixels with a threshold first.",
        )
    return encode_png(mask.astype(np.uint8) * np.uint8(255))


def _depth(brightest: int, recorded: int | None, given: int | None) -> int:
    """Significant bits of a 16-bit picture; a record that the pixels contradict does not count."""
    for depth in (given, recorded):
        if depth is not None and 8 <= depth <= 16 and brightest < 1 << depth:
            return depth
    return next(depth for depth in _DEPTHS if brightest < 1 << depth)


def _one_channel(stored: np.ndarray, name: str) -> np.ndarray:
    if stored.ndim == 2:
        return stored
    if (stored == stored[..., :1]).all():
        return stored[..., 0]
    raise _no_mask(
        "mask-colour",
        name,
        "a black and white mask",
        "colours, which may stand for classes",
        "Save one black and white mask per defect type.",
    )


def _binary(stored: np.ndarray, name: str, threshold: int | None) -> np.ndarray:
    if threshold is not None:
        return np.asarray(stored >= threshold)
    top = int(stored.max())
    mask = np.asarray(stored > 0)
    if top not in (0, 1, 255, 65535) or not bool((stored[mask] == top).all()):
        values = [int(value) for value in np.unique(stored)]
        raise _no_mask(
            "mask-grey",
            name,
            "only the values {0,1} or {0,255}",
            f"{len(values)} grey values, among them {values[1:4]}",
            "Set a mask threshold if the greys are soft edges, or save the mask with two values.",
        )
    return mask


def _no_mask(reason: str, name: str, expected: str, found: str, action: str) -> ImageRefused:
    return ImageRefused(reason, name, expected=expected, found=found, action=action)


def _check_pixels(pixels: np.ndarray) -> None:
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if not shaped or pixels.dtype not in (np.uint8, np.uint16) or not pixels.size:
        raise UsageError(
            expected="pixels of shape (H,W) or (H,W,3), uint8 or uint16",
            found=f"shape {pixels.shape}, {pixels.dtype}",
            action="Read the picture with factory_gen.images.files.read_picture.",
        )
