"""A PNG's chunks: every checksum proved, metadata and whatever follows the picture left behind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from PIL import PngImagePlugin

from factory_gen.images.container import Container, damaged, exif_turn, open_with, refuse_frames

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


def open_png(data: bytes, name: str) -> Container:
    """Read a PNG's header.

    Raises:
        ImageRefused: cut, damaged, or an animation.
    """
    chunks = list(_png_chunks(data, name))
    header = chunks[0][1]
    if chunks[0][0] != b"IHDR" or len(header) != 13 or not any(kind == b"IDAT" for kind, _, _ in chunks):
        raise damaged(name, "a PNG without its header or its pixels")
    width, height, bits, colour = struct.unpack(">IIBB", header[:10])
    extra = {kind: bytes(part) for kind, part, _ in chunks if kind in (b"acTL", b"eXIf", b"sBIT")}
    if b"acTL" in extra:
        refuse_frames(name)
    tail = len(data) - (chunks[-1][2] + 12)
    # a decoder never sees metadata: neither its size nor its content can do harm then
    body = PNG_SIGNATURE + b"".join(
        data[start : start + len(part) + 12] for kind, part, start in chunks if kind in _PIXEL_CHUNKS
    )
    depth = extra.get(b"sBIT", b"")[:1]
    return Container(
        format="PNG",
        image=open_with(PngImagePlugin.PngImageFile, body, name),
        body=body,
        width=width,
        height=height,
        bits=bits,
        channels={0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 0),
        recorded_depth=depth[0] if bits == 16 and depth else None,
        turn=exif_turn(extra.get(b"eXIf", b"")),
        notes=(f"{tail} bytes after the picture ignored",) if tail else (),
    )


def _png_chunks(data: bytes, name: str) -> Iterator[tuple[bytes, memoryview, int]]:
    """Yield (kind, content, start) of every chunk up to IEND, each checked against its checksum."""
    view = memoryview(data)
    at = len(PNG_SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise damaged(name, "a PNG that ends early", "truncated")
        length = int.from_bytes(view[at : at + 4], "big")
        end = at + 8 + length
        if end + 4 > len(data):
            raise damaged(name, "a PNG that ends early", "truncated")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise damaged(name, "a PNG part whose checksum is wrong", "bad-crc")
        kind = bytes(view[at + 4 : at + 8])
        yield kind, view[at + 8 : end], at
        if kind == b"IEND":
            return
        at = end + 4
