"""What a picture file says about itself before a pixel is decoded: format, size, depth, frames, EXIF turn.

Everything here runs on bytes from outside, so each check comes before the work that it protects: the size
before the decoder allocates, the checksums before the pixels are believed. Only PNG, JPEG, BMP and TIFF are
opened, each through its own Pillow class, so that no other plugin ever sees the bytes.
"""

from __future__ import annotations

from PIL import BmpImagePlugin, JpegImagePlugin

from factory_gen.images.container import Container, damaged, image_turn, open_with
from factory_gen.images.png_header import PNG_SIGNATURE, open_png
from factory_gen.images.refused import ImageRefused
from factory_gen.images.tiff_header import open_tiff

MAX_PIXELS = 100_000_000
MIN_SIDE = 32  # pixels
MAX_ASPECT = 8.0  # longer side over shorter side

_SIGNATURES = {
    PNG_SIGNATURE: "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}


def open_container(data: bytes, name: str) -> Container:
    """Read and check a file's header; no pixel is decoded.

    Raises:
        ImageRefused: the file is empty, of another format, cut, damaged, too large, a sequence of frames, or
            has samples that are not 8 to 16 bit unsigned whole numbers.
    """
    kind = _format_of(data, name)
    container = {"PNG": open_png, "JPEG": _open_jpeg, "BMP": _open_bmp, "TIFF": open_tiff}[kind](data, name)
    if container.width * container.height > MAX_PIXELS:
        raise ImageRefused(
            "too-many-pixels",
            name,
            expected=f"at most {MAX_PIXELS // 1_000_000} million pixels",
            found=f"{container.width} x {container.height}",
            action="Cut the picture into tiles, or take it at a lower resolution.",
        )
    return container


def check_shape(container: Container, name: str) -> None:
    """Refuse a picture that is too small or too long and thin to learn from.

    Raises:
        ImageRefused: a side under 32 pixels, or one side more than 8 times the other.
    """
    short, long = sorted((container.width, container.height))
    if short < MIN_SIDE:
        code, expected = "too-small", f"at least {MIN_SIDE} pixels on each side"
    elif long > MAX_ASPECT * short:
        code, expected = "too-long", f"one side at most {MAX_ASPECT:.0f} times the other"
    else:
        return
    raise ImageRefused(
        code,
        name,
        expected=expected,
        found=f"{container.width} x {container.height} pixels",
        action="Leave the file out, or cut the picture into pieces of a usual shape.",
    )


def _format_of(data: bytes, name: str) -> str:
    if not data:
        raise ImageRefused(
            "empty-file",
            name,
            expected="a picture file",
            found="zero bytes",
            action="Copy the file again; the copy was probably interrupted.",
        )
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    raise ImageRefused(
        "wrong-format",
        name,
        expected="a PNG, JPEG, BMP or TIFF file",
        found=f"bytes that begin with {data[:12]!r}",
        action="Convert the picture to PNG or TIFF without loss.",
    )


def _open_jpeg(data: bytes, name: str) -> Container:
    image = open_with(JpegImagePlugin.JpegImageFile, data, name)
    return Container(
        format="JPEG",
        image=image,
        body=data,
        width=image.size[0],
        height=image.size[1],
        bits=8,
        channels=len(image.getbands()),
        turn=image_turn(image),
    )


def _open_bmp(data: bytes, name: str) -> Container:
    promised = int.from_bytes(data[2:6], "little")
    run_length = int.from_bytes(data[30:34], "little") in (1, 2)
    image = open_with(BmpImagePlugin.BmpImageFile, data, name)
    if not run_length:  # Pillow would fill up what a run-length file lacks, and reserve memory for the others
        bits = int.from_bytes(data[28:30], "little") if data[14] >= 40 else 1
        promised = image.size[0] * image.size[1] * max(bits, 1) // 8
    if promised > len(data):
        raise damaged(name, f"a BMP of {len(data)} bytes that should have {promised}", "truncated")
    return Container(
        format="BMP",
        image=image,
        body=data,
        width=image.size[0],
        height=image.size[1],
        bits=8,
        channels=len(image.getbands()),
    )
