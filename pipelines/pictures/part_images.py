"""A part's pictures from registry and blobs into memory, for training and generation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from data_registry.records import PartRecord, SourceImageRecord
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage, PartPictures
from factory_gen.images.files import read_mask, read_picture
from factory_gen.images.foreground import foreground
from pipelines.wiring import Workplace

# A training looks at this many good pictures at most, spread evenly over the catalogue; memory stays bounded.
MOST_GOOD = 2000
MOST_UNSEEN = 400


def generator_images(
    work: Workplace, part: PartRecord, *, kind: str, few: int = 0
) -> list[SourceImageRecord]:
    """Rows of the generator split, good or defective with a mask, in the order of their ids.

    Args:
        work: the registry.
        part: whose.
        kind: "good" or "defect".
        few: defective pictures per type at most, see `first_of_each`; 0 for all.
    """
    with work.registry.read() as rows:
        if kind == "good":
            return list(rows.images.stream(part.id, kind="good", split="generator"))
        found = list(rows.images.stream(part.id, kind="defect", split="generator", with_mask=True))
    kept = first_of_each([(row.sha256, row.defect_type or "") for row in found], few)
    return [row for row in found if row.sha256 in kept]


def first_of_each(pictures: Iterable[tuple[str, str]], count: int) -> frozenset[str]:
    """Hashes of `count` pictures per defect type: those whose hashes come first, which is as good as at random.

    Args:
        pictures: hash and type; a picture with several types comes several times.
        count: per type; 0 keeps all.
    """
    taken: Counter[str] = Counter()
    kept = set()
    for name, kind in sorted(pictures):
        if not count or taken[kind] < count:
            taken[kind] += 1
            kept.add(name)
    return frozenset(kept)


def load_image(work: Workplace, row: SourceImageRecord) -> PartImage:
    """Decode one row's picture and mask."""
    picture = read_picture(work.blobs.read(row.sha256), row.relative_path, bit_depth=row.bit_depth)
    mask = None
    if row.mask_sha256 is not None:
        data = work.blobs.read(row.mask_sha256)
        mask = read_mask(data, row.relative_path, size=(picture.height, picture.width))
    return PartImage(str(row.id), picture.pixels, picture.bit_depth, mask, row.defect_type)


def spread(rows: Sequence[SourceImageRecord], most: int) -> list[SourceImageRecord]:
    """At most `most` rows, evenly over the list."""
    if len(rows) <= most:
        return list(rows)
    return [rows[int(i)] for i in np.linspace(0, len(rows) - 1, most).round()]


def load_pictures(work: Workplace, part: PartRecord, *, view: str, window: int, few: int = 0) -> PartPictures:
    """Everything that a training of this part may see: the generator split only.

    Args:
        work: registry and blobs.
        part: whose pictures.
        view: "window" for native pictures, "whole" to resize each to one window.
        window: side of a window in pixels.
        few: real defects per type at most, 0 for all.

    Raises:
        InputRefused: no good picture and no masked defect in the generator split.
    """
    good = spread(generator_images(work, part, kind="good"), MOST_GOOD)
    defects = generator_images(work, part, kind="defect", few=few)
    if not good and not defects:
        raise InputRefused(
            expected=f"pictures of {part.name} in the generator split",
            found="none",
            action="Ingest a folder with good part images: factory-gen ingest DIR --part NAME.",
        )
    channels = 3 if any(row.mode == "RGB" for row in [*good, *defects]) else 1
    if channels == 3 and all_grey(work, [*good, *defects]):
        channels = 1
    images = _resized if view == "whole" else _as_is
    return PartPictures(
        list(images((load_image(work, row) for row in good), window)),
        list(images((load_image(work, row) for row in defects), window)),
        channels,
    )


def load_unseen(work: Workplace, part: PartRecord, seen: PartPictures, view: str) -> tuple[PartPictures, str]:
    """Pictures to measure on, and what they are: the hold-out's, or the training's own without a good one in it."""
    with work.registry.read() as rows:
        good = list(rows.images.stream(part.id, kind="good", split="holdout"))
        bad = list(rows.images.stream(part.id, kind="defect", split="holdout", with_mask=True))
    bad = [row for row in bad if row.defect_type in seen.types]
    if not good or view == "whole":
        return seen, "training pictures"
    images = [load_image(work, row) for row in spread(good, MOST_UNSEEN)]
    return PartPictures(
        images, [load_image(work, row) for row in spread(bad, MOST_UNSEEN)], seen.channels
    ), "hold-out"


def all_grey(work: Workplace, rows: Sequence[SourceImageRecord]) -> bool:
    """Whether the colour pictures among the rows are grey ones stored as colour (a sample of 32 is looked at)."""
    for row in spread([r for r in rows if r.mode == "RGB"], 32):
        pixels = read_picture(work.blobs.read(row.sha256), row.relative_path).pixels
        if pixels.ndim == 3 and int(np.ptp(pixels.astype(np.int32), axis=2).max()) > 0:
            return False
    return True


def allowed_region(
    work: Workplace,
    part: PartRecord,
    pixels: np.ndarray,
    placement: str,
    *,
    found: np.ndarray | None = None,
) -> np.ndarray:
    """Where a defect may sit on this picture: the part, cut to the user's region where one is set.

    Args:
        work: for the stored region.
        part: whose picture.
        pixels: (H,W) or (H,W,3).
        placement: "free" ignores the user's region, never the part itself.
        found: (H,W) bool, the part in the picture, where it is known already.
    """
    region = foreground(pixels) if found is None else found
    if part.allowed_region_sha256 is None or placement == "free":
        return region
    drawn = read_picture(work.blobs.read(part.allowed_region_sha256), f"allowed region of {part.name}").pixels
    size = (pixels.shape[1], pixels.shape[0])
    allowed = cv2.resize(drawn, size, interpolation=cv2.INTER_NEAREST) > 127
    return region & allowed


def _as_is(images: Iterable[PartImage], window: int) -> Iterable[PartImage]:
    return images


def _resized(images: Iterable[PartImage], window: int) -> Iterable[PartImage]:
    for image in images:
        pixels = cv2.resize(image.pixels, (window, window), interpolation=cv2.INTER_AREA)
        mask = None
        if image.mask is not None:
            small = cv2.resize(image.mask.astype(np.float32), (window, window), interpolation=cv2.INTER_AREA)
            # A defect smaller than a pixel of the small picture keeps its strongest one.
            mask = small >= min(0.5, float(small.max()))
        yield PartImage(image.key, pixels, image.bit_depth, mask, image.defect_type)
