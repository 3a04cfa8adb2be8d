"""From a checked container to plain pixels: every mode that a camera or an editor saves becomes grey or RGB."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from PIL import Image

from factory_gen.images.container import BROKEN, Container, damaged, quiet

# OpenCV writes its remarks on odd and broken TIFF files straight to the terminal
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def decode(container: Container, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """All pixels of a checked container, turned as its EXIF data says.

    Returns:
        (H,W) or (H,W,3) RGB, uint8 or uint16, C-contiguous; and what had to be changed, in order.

    Raises:
        ImageRefused: the pixels are cut or damaged.
    """
    if container.format == "PNG":
        _check_png_stream(container, name)
    if container.bits > 8 and container.channels > 1:
        pixels, changes = _decode_deep_colour(container, name)
    else:
        pixels, changes = _decode_with_pillow(container, name)
    notes = container.notes + changes
    if container.turn != 1:
        notes = (*notes, f"exif-turned-{container.turn}")
        if container.format != "TIFF":  # both libraries turn a TIFF themselves
            pixels = turned(pixels, container.turn)
    return np.ascontiguousarray(pixels), notes


def _decode_with_pillow(container: Container, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    image: Image.Image = container.image
    try:
        if container.format == "TIFF":  # its decoder also reads metadata, and remarks on it
            with quiet():
                image.load()
        else:
            image.load()
        image, changes = _plain(image)
        pixels = np.asarray(image)
    except BROKEN as fault:
        cut = "truncated" if "truncated" in str(fault) else "damaged"
        raise damaged(name, f"pixels that cannot be read ({fault})", cut) from fault
    if container.bits in (2, 4) and container.channels == 1 and not changes:
        changes = (f"{container.bits}-bit->L",)
    return pixels.astype(np.uint16, copy=False) if pixels.dtype.itemsize == 2 else pixels, changes


def _plain(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Bring Pillow's modes down to L, RGB and 16-bit grey; say what that changed."""
    mode = image.mode
    alpha = ("alpha dropped",) if mode in ("LA", "PA", "RGBA") or "transparency" in image.info else ()
    image.info.pop("transparency", None)
    if mode in ("L", "RGB", "I;16"):
        return image, alpha
    if mode.startswith("I;16"):
        return image.convert("I;16"), alpha
    if mode in ("P", "PA"):
        colours = np.asarray(image.convert("RGB"))
        grey = bool((colours == colours[..., :1]).all())
        target = "L" if grey else "RGB"
        return image.convert("RGB").convert(target), (f"palette->{target}", *alpha)
    target = {"1": "L", "LA": "L"}.get(mode, "RGB")
    if mode in ("LA", "RGBA", "RGBX"):
        return image.convert(target), alpha
    return image.convert(target), ({"1": "1-bit->L"}.get(mode, f"{mode}->{target}"), *alpha)


def _decode_deep_colour(container: Container, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """More than 8 bits and more than one channel: Pillow would cut it to 8 bits, OpenCV keeps them."""
    coded = np.frombuffer(container.body, dtype=np.uint8)
    try:
        pixels = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    except cv2.error as fault:
        raise damaged(name, f"pixels that cannot be read ({fault.err})") from fault
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise damaged(name, f"{container.bits}-bit colour of an unusual kind", "unusual-format")
    changes = ("alpha dropped",) if pixels.shape[2] == 4 or container.channels in (2, 4) else ()
    if container.channels == 2:
        return pixels[..., 0], changes
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_BGR2RGB), changes


def _check_png_stream(container: Container, name: str) -> None:
    """Refuse a PNG whose compressed pixels end early; the decoders would fill up with black."""
    stream = zlib.decompressobj()
    row = (container.width * container.bits * container.channels + 7) // 8 + 1
    wanted = row * container.height  # an interlaced file has a little more, never less
    found, at = 0, 8
    body = container.body
    try:
        while at < len(body) and found < wanted:
            (length,) = struct.unpack_from(">I", body, at)
            piece = body[at + 8 : at + 8 + length] if body[at + 4 : at + 8] == b"IDAT" else b""
            while piece and found < wanted:
                found += len(stream.decompress(piece, 1 << 20))
                piece = stream.unconsumed_tail
            at += length + 12
    except zlib.error as fault:
        raise damaged(name, f"compressed pixels that cannot be read ({fault})") from fault
    if found < wanted:
        raise damaged(name, "a PNG whose pixels end early", "truncated")


def turned(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Apply an EXIF orientation (1 to 8) to (H,W) or (H,W,C): stored rows and columns to shown ones."""
    if turn >= 5:
        pixels = pixels.swapaxes(0, 1)
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
