"""Small pictures with the defect's outline, for galleries: made once, kept beside the thumbnails."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from factory_gen.images.files import read_mask, read_picture
from pipelines.pictures.shown_pictures import as_shown, outlined
from pipelines.pictures.thumbnails import EDGES, keep_small
from pipelines.wiring import Workplace


def overlay(
    work: Workplace,
    image_sha256: str,
    mask_sha256: str,
    *,
    edge: int = EDGES[0],
    bit_depth: int | None = None,
) -> bytes:
    """Return a JPEG of a stored picture with the outline of a stored mask.

    Args:
        work: where the bytes are.
        image_sha256, mask_sha256: what to draw.
        edge: one of `EDGES`; the longer side, never enlarged.
        bit_depth: the registered depth of the picture.

    Raises:
        Integrity: stored bytes are missing or not what they should be.
        ValueError: another edge.
    """
    if edge not in EDGES:
        raise ValueError(f"edge {edge} is not one of {EDGES}")
    folder = work.settings.home / "thumbnails" / image_sha256[:2]
    kept = folder / f"{image_sha256}-{mask_sha256[:16]}-{edge}.jpg"
    if kept.is_file():
        return kept.read_bytes()
    picture = read_picture(work.blobs.read(image_sha256), image_sha256[:12], bit_depth=bit_depth)
    size = (picture.height, picture.width)
    mask = read_mask(work.blobs.read(mask_sha256), mask_sha256[:12], size=size)
    image = Image.fromarray(as_shown(picture.pixels, picture.bit_depth))
    image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    # Any touched pixel counts, so that a scratch of one pixel keeps its outline.
    share = cv2.resize(mask.astype(np.float32), image.size, interpolation=cv2.INTER_AREA)
    out = io.BytesIO()
    Image.fromarray(outlined(np.asarray(image), share > 0)).save(out, format="JPEG", quality=88)
    keep_small(kept, out.getvalue())
    return out.getvalue()
