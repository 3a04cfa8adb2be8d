"""Small pictures for galleries: made once from the stored bytes, kept in a folder that may be deleted at any time."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from factory_gen.images.files import Picture, read_picture
from pipelines.wiring import Workplace

EDGES = (160, 320, 640)
QUALITY = 88


def thumbnail(work: Workplace, sha256: str, *, edge: int = EDGES[0], bit_depth: int | None = None) -> bytes:
    """Return a JPEG of a stored picture or mask, its longer side at most `edge` pixels; never enlarged.

    Args:
        work: where the bytes are.
        sha256: of the stored picture.
        edge: one of `EDGES`.
        bit_depth: the registered depth of the picture, for 12 bits in 16.

    Raises:
        Integrity: the stored bytes are missing or not what they should be.
        ImageRefused: they are no picture.
        ValueError: another edge.
    """
    if edge not in EDGES:
        raise ValueError(f"edge {edge} is not one of {EDGES}")
    kept = work.settings.home / "thumbnails" / sha256[:2] / f"{sha256}-{edge}.jpg"
    if kept.is_file():
        return kept.read_bytes()
    picture = read_picture(work.blobs.read(sha256), sha256[:12], bit_depth=bit_depth)
    made = _encode(picture, edge)
    keep_small(kept, made)
    return made


def _encode(picture: Picture, edge: int) -> bytes:
    pixels = picture.pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels >> max(picture.bit_depth - 8, 0)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=QUALITY)
    return out.getvalue()


def keep_small(path: Path, data: bytes) -> None:
    """Write whole or not at all; a full disk costs speed and nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
    except OSError:
        return
