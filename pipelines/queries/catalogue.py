"""What the catalogue page reads: counts, sizes, a page of pictures, one picture as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_registry.records import PartRecord, SourceImageRecord
from factory_gen.images.files import read_mask, read_picture
from pipelines.pictures.shown_pictures import REGION, as_shown, jpeg, outlined
from pipelines.wiring import Workplace

PAGE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCount:
    """One row of the table: a defect type (None for good), its pictures on either side, and masks that are missing."""

    defect_type: str | None
    generator: int
    holdout: int
    without_mask: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFacts:
    """How much there is of a part.

    Attributes:
        types: good pictures first, then the defect types by name.
        sizes: (width, height, rows), the most frequent first.
        version: number of the latest catalogue version, None before any.
    """

    types: tuple[TypeCount, ...]
    sizes: tuple[tuple[int, int, int], ...]
    version: int | None

    @property
    def total(self) -> int:
        """Rows in all."""
        return sum(one.generator + one.holdout for one in self.types)

    @property
    def defect_types(self) -> tuple[str, ...]:
        """Names of the types that there are pictures of."""
        return tuple(one.defect_type for one in self.types if one.defect_type is not None)

    @property
    def without_mask(self) -> int:
        """Defective pictures that still want a mask."""
        return sum(one.without_mask for one in self.types)


def facts(work: Workplace, part: PartRecord) -> CatalogueFacts:
    """Count a part's pictures."""
    found: dict[str | None, list[int]] = {}
    with work.registry.read() as rows:
        counts = rows.images.counts(part.id)
        sizes = rows.images.sizes(part.id)
        latest = rows.datasets.latest(part.id, "catalogue")
    for one in counts:
        own = found.setdefault(one.defect_type, [0, 0, 0])
        own[0 if one.split == "generator" else 1] += one.n
        own[2] += one.n if one.kind == "defect" and not one.has_mask else 0
    names = sorted(found, key=lambda name: (name is not None, name or ""))
    return CatalogueFacts(
        types=tuple(
            TypeCount(
                defect_type=name,
                generator=found[name][0],
                holdout=found[name][1],
                without_mask=found[name][2],
            )
            for name in names
        ),
        sizes=tuple(sizes),
        version=None if latest is None else latest.number,
    )


def page(
    work: Workplace,
    part: PartRecord,
    *,
    after_id: int = 0,
    limit: int = PAGE,
    kind: str | None = None,
    split: str | None = None,
    defect_type: str | None = None,
    with_mask: bool | None = None,
) -> list[SourceImageRecord]:
    """A page of pictures with numbers above `after_id`; filters as in the registry."""
    with work.registry.read() as rows:
        return rows.images.page(
            part.id,
            after_id=after_id,
            limit=limit,
            kind=kind,
            split=split,
            defect_type=defect_type,
            with_mask=with_mask,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A picture to paint on.

    Attributes:
        key: names the picture; another key is another picture.
        picture: JPEG of it, at most `longest` pixels on its longer side.
        width, height: of the picture itself, in which masks are drawn.
        mm_per_pixel: of the picture or its part, if known.
        group: the physical part that it shows.
    """

    key: str
    picture: bytes
    width: int
    height: int
    mm_per_pixel: float | None
    group: str


def canvas(work: Workplace, part: PartRecord, image_id: int, *, longest: int = 2048) -> Canvas:
    """A source image of the part for the painter."""
    import cv2

    with work.registry.read() as rows:
        row = rows.images.get(image_id)
    picture = read_picture(work.blobs.read(row.sha256), row.relative_path, bit_depth=row.bit_depth)
    shown = as_shown(picture.pixels, picture.bit_depth)
    share = longest / max(picture.width, picture.height)
    if share < 1:
        size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA))
    return Canvas(
        key=f"{part.id}-{row.sha256[:16]}",
        picture=jpeg(shown),
        width=picture.width,
        height=picture.height,
        mm_per_pixel=row.mm_per_pixel or part.mm_per_pixel,
        group=row.group,
    )


def region_shown(work: Workplace, part: PartRecord, image_id: int) -> bytes | None:
    """JPEG of a source image with the outline of the part's allowed region; None where none is set."""
    import cv2

    if part.allowed_region_sha256 is None:
        return None
    with work.registry.read() as rows:
        row = rows.images.get(image_id)
    picture = read_picture(work.blobs.read(row.sha256), row.relative_path, bit_depth=row.bit_depth)
    drawn = read_picture(work.blobs.read(part.allowed_region_sha256), "allowed region").pixels
    size = (picture.width, picture.height)
    region = cv2.resize(drawn, size, interpolation=cv2.INTER_NEAREST) > 127
    return jpeg(outlined(as_shown(picture.pixels, picture.bit_depth), region, REGION, width=2))


def stored_mask(work: Workplace, row: SourceImageRecord) -> np.ndarray | None:
    """(H,W) bool mask of a picture, None where it has none."""
    if row.mask_sha256 is None:
        return None
    return read_mask(work.blobs.read(row.mask_sha256), row.relative_path, size=(row.height, row.width))
