"""Picture files drawn for tests: usual ones, odd ones and broken ones, and tiny data sets made of them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SIZE = (40, 48)  # (H, W) of everything drawn here unless a test asks for another


def grey(seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H,W) uint8: a smooth pattern that differs for every seed."""
    coarse = np.random.default_rng(seed).uniform(0, 255, size=(6, 6)).astype(np.float32)
    return cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def colour(seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H,W,3) uint8."""
    return np.dstack([grey(seed, size), grey(seed + 1000, size), grey(seed + 2000, size)])


def deep(pixels: np.ndarray, bits: int = 16) -> np.ndarray:
    """The same picture with `bits` bits in uint16; low bits differ from pixel to pixel."""
    fine = np.arange(pixels.size, dtype=np.uint32).reshape(pixels.shape) % (1 << (bits - 8))
    return (pixels.astype(np.uint32) * (1 << (bits - 8)) + fine).astype(np.uint16)


def blob_mask(size: tuple[int, int] = SIZE, at: tuple[int, int] = (10, 12), side: int = 6) -> np.ndarray:
    """(H,W) bool with one square defect."""
    mask = np.zeros(size, dtype=bool)
    mask[at[0] : at[0] + side, at[1] : at[1] + side] = True
    return mask


def saved(image: Image.Image | np.ndarray, kind: str, **options: object) -> bytes:
    """Bytes of a picture file written by Pillow."""
    target = io.BytesIO()
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    picture.save(target, kind, **options)
    return target.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """PNG bytes of grey or RGB, 8 or 16 bit, written by OpenCV."""
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", stored)[1].tobytes()


def tiff(pixels: np.ndarray) -> bytes:
    """TIFF bytes of grey or RGB, 8 or 16 bit, written by OpenCV (LZW)."""
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".tif", stored)[1].tobytes()


def mask_png(mask: np.ndarray, top: int = 255) -> bytes:
    """PNG bytes of a mask with the values 0 and `top`."""
    return png(mask.astype(np.uint8) * np.uint8(top))


def with_turn(pixels: np.ndarray, kind: str, turn: int) -> bytes:
    """A file whose EXIF data says that its rows and columns are to be turned."""
    exif = Image.Exif()
    exif[274] = turn
    return saved(pixels, kind, exif=exif, **({"quality": 95, "subsampling": 0} if kind == "JPEG" else {}))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One PNG chunk with a right checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_chunks(
    width: int, height: int, bits: int, colour_type: int, pixels: bytes, *extra: bytes, interlace: int = 0
) -> bytes:
    """A PNG put together by hand; `pixels` are the compressed bytes, `extra` whole chunks."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlace)
    parts = (png_chunk(b"IHDR", header), *extra, png_chunk(b"IDAT", pixels), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_with(data: bytes, chunk: bytes) -> bytes:
    """A PNG with one more chunk right after its header."""
    return data[:33] + chunk + data[33:]


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below `root`; keys are paths with forward slashes."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root
