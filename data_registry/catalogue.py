"""The plant's own pictures: adding them in a stream, and finding them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from data_registry import names
from data_registry.chunks import CHUNK, in_chunks
from data_registry.errors import AlreadyExists, NotFound
from data_registry.image_pages import ImageFilter, count_facets, read_page, read_records, select_images
from data_registry.parts import hold_part
from data_registry.records import (
    MASK_ORIGINS,
    ImageCount,
    NewImage,
    SourceImageRecord,
    require,
    require_sha256,
)
from data_registry.schema import DefectType, Group, SourceImage, Split
from data_registry.statistics import refresh_statistics


class Images:
    """Reads and writes the rows of `source_images` and what they refer to, inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_many(self, part_id: int, images: Iterable[NewImage]) -> int:
        """Store pictures from a stream, with flat memory.

        A picture that shows several defect types has a row for each. A row whose bytes and type the
        part has already is left as it is, so that a stopped ingest can be repeated. Defect types,
        splits and groups are made as they come; a group keeps the split that it was given first.

        Returns:
            How many pictures were new.

        Raises:
            NotFound: no such part.
            SplitLeak: a group, or the same bytes, would stand in two splits.
            AlreadyExists: other bytes are stored under the same path, or the same bytes as good and as
                defective.
        """
        hold_part(self._session, part_id)
        return sum(self._add_chunk(part_id, chunk) for chunk in in_chunks(images))

    def add_mask(self, image_id: int, sha256: str, origin: str) -> SourceImageRecord:
        """Give a defective picture its mask, drawn or found later, in place of what it had.

        Args:
            image_id: the picture.
            sha256: name of the stored mask.
            origin: "file", "coco" or "drawn".

        Raises:
            NotFound: no such picture.
            BadRecord: the picture is good, or a value is outside its set.
        """
        require_sha256("a mask", sha256)
        require(origin in MASK_ORIGINS, "a mask's origin", f"one of {MASK_ORIGINS}", origin)
        image = self.get(image_id)
        require(image.kind == "defect", "a picture with a mask", "a defect", image.kind)
        hold_part(self._session, image.part_id)
        masks = names.ensure_masks(self._session, image.part_id, {(sha256, origin)})
        row = self._session.get_one(SourceImage, image_id)
        row.mask_id = masks[sha256, origin]
        self._session.flush()
        return self.get(image_id)

    def page(
        self,
        part_id: int,
        *,
        after_id: int = 0,
        limit: int = 60,
        kind: str | None = None,
        split: str | None = None,
        defect_type: str | None = None,
        with_mask: bool | None = None,
    ) -> list[SourceImageRecord]:
        """Return up to `limit` pictures with a number above `after_id`, in rising order.

        The other arguments keep only pictures with that property; None keeps all.
        """
        wanted = ImageFilter(kind=kind, split=split, defect_type=defect_type, with_mask=with_mask)
        return read_page(self._session, part_id, wanted, after_id=after_id, limit=limit)

    def stream(
        self,
        part_id: int,
        *,
        kind: str | None = None,
        split: str | None = None,
        defect_type: str | None = None,
        with_mask: bool | None = None,
    ) -> Iterator[SourceImageRecord]:
        """Yield all pictures that fit, in rising order, with flat memory. Filters as in `page`."""
        wanted = ImageFilter(kind=kind, split=split, defect_type=defect_type, with_mask=with_mask)
        last = 0
        while page := read_page(self._session, part_id, wanted, after_id=last, limit=CHUNK):
            yield from page
            last = page[-1].id

    def counts(self, part_id: int) -> list[ImageCount]:
        """Return how many pictures there are of each kind, defect type, split and with or without mask."""
        return count_facets(self._session, part_id)

    def sizes(self, part_id: int, limit: int = 200) -> list[tuple[int, int, int]]:
        """Return (width, height, rows) of the part's pictures, the most frequent sizes first."""
        keys = (SourceImage.width, SourceImage.height)
        query = select(*keys, func.count()).where(SourceImage.part_id == part_id).group_by(*keys)
        rows = self._session.execute(query.order_by(func.count().desc(), *keys).limit(limit))
        return [(width, height, n) for width, height, n in rows]

    def get(self, image_id: int) -> SourceImageRecord:
        """Return a picture by its number.

        Raises:
            NotFound: no such picture.
        """
        found = self._one(SourceImage.id == image_id)
        if found is None:
            raise NotFound(
                expected="the number of a picture in the registry",
                found=f"no picture {image_id}",
                action="Look with `factory-gen status`.",
            )
        return found

    def by_sha(self, part_id: int, sha256: str) -> SourceImageRecord | None:
        """Return the part's first row with these bytes, None if it has none."""
        return self._one(SourceImage.part_id == part_id, SourceImage.sha256 == sha256)

    def by_path(self, part_id: int, relative_path: str) -> SourceImageRecord | None:
        """Return the part's first row that was ingested from this path, None if there is none."""
        return self._one(SourceImage.part_id == part_id, SourceImage.relative_path == relative_path)

    def known_hashes(self, part_id: int, hashes: Sequence[str]) -> set[str]:
        """Return those of `hashes` that the part has pictures of."""
        known: set[str] = set()
        for chunk in in_chunks(hashes):
            query = select(SourceImage.sha256).where(
                SourceImage.part_id == part_id, SourceImage.sha256.in_(chunk)
            )
            known.update(self._session.scalars(query))
        return known

    def group_splits(self, part_id: int) -> dict[str, str]:
        """Return every group of the part with the split that it was given."""
        query = (
            select(Group.name, Split.name)
            .join(Split, Split.id == Group.split_id)
            .where(Group.part_id == part_id)
        )
        return dict(self._session.execute(query).all())

    def group_counts(self, part_id: int) -> dict[str, int]:
        """Return how many groups each split of the part has."""
        query = (
            select(Split.name, func.count())
            .join(Group, Group.split_id == Split.id)
            .where(Group.part_id == part_id)
            .group_by(Split.name)
            .order_by(Split.name)
        )
        return dict(self._session.execute(query).all())

    def _one(self, *conditions: Any) -> SourceImageRecord | None:
        # No order and limit in the query: SQLite would then walk through the part by number instead.
        found = read_records(self._session, select_images().where(*conditions))
        return min(found, key=lambda image: image.id, default=None)

    def _add_chunk(self, part_id: int, chunk: Sequence[NewImage]) -> int:
        refresh_statistics(self._session, SourceImage)
        new = self._without_known(part_id, chunk)
        if not new:
            return 0
        types = names.ensure_defect_types(
            self._session, part_id, {image.defect_type for image in new if image.defect_type}
        )
        splits = names.ensure_splits(self._session, part_id, {image.split for image in new})
        groups = names.ensure_groups(self._session, part_id, _groups(new), splits)
        masks = names.ensure_masks(
            self._session,
            part_id,
            {(i.mask_sha256, i.mask_origin) for i in new if i.mask_sha256 and i.mask_origin},
        )
        now = datetime.now(UTC)
        rows = [
            {
                "part_id": part_id,
                "group_id": groups[image.group],
                "split_id": splits[image.split],
                "kind": image.kind,
                "defect_type_id": types[image.defect_type] if image.defect_type else None,
                "mask_id": masks.get((image.mask_sha256 or "", image.mask_origin or "")),
                "relative_path": image.relative_path,
                "sha256": image.sha256,
                "width": image.width,
                "height": image.height,
                "mode": image.mode,
                "bit_depth": image.bit_depth,
                "mm_per_pixel": image.mm_per_pixel,
                "conversions": list(image.conversions),
                "created_at": now,
            }
            for image in new
        ]
        self._session.execute(insert(SourceImage), rows)
        return len(rows)

    def _without_known(self, part_id: int, chunk: Sequence[NewImage]) -> list[NewImage]:
        """Return the rows that are new, and refuse those that contradict what is stored."""
        by_sha, by_path = self._stored(part_id, chunk)
        new = []
        for image in chunk:
            types = by_sha.setdefault(image.sha256, {})
            _refuse_contradiction(image, types)
            if image.defect_type in types:
                continue
            if by_path.setdefault(image.relative_path, image.sha256) != image.sha256:
                raise _other_bytes(image.relative_path)
            types[image.defect_type] = image.split
            new.append(image)
        return new

    def _stored(
        self, part_id: int, chunk: Sequence[NewImage]
    ) -> tuple[dict[str, dict[str | None, str]], dict[str, str]]:
        """Return what is stored of a chunk: hash -> defect type -> split, and path -> hash."""
        here = SourceImage.part_id == part_id
        same_bytes = (
            select(SourceImage.sha256, DefectType.name, Split.name)
            .join(Split, Split.id == SourceImage.split_id)
            .outerjoin(DefectType, DefectType.id == SourceImage.defect_type_id)
            .where(here, SourceImage.sha256.in_([image.sha256 for image in chunk]))
        )
        same_path = select(SourceImage.relative_path, SourceImage.sha256).where(
            here, SourceImage.relative_path.in_([image.relative_path for image in chunk])
        )
        found: dict[str, dict[str | None, str]] = {}
        for sha256, defect_type, split in self._session.execute(same_bytes):
            found.setdefault(sha256, {})[defect_type] = split
        return found, dict(self._session.execute(same_path).all())


def _groups(images: Iterable[NewImage]) -> dict[str, str]:
    """Return group -> split of a chunk; refuse a group that asks for two."""
    wanted: dict[str, str] = {}
    for image in images:
        split = wanted.setdefault(image.group, image.split)
        if split != image.split:
            raise names.split_leak(f"the group {image.group!r}", stored=split, wanted=image.split)
    return wanted


def _refuse_contradiction(image: NewImage, stored: Mapping[str | None, str]) -> None:
    """Refuse a picture whose bytes are stored (defect type -> split) on the other side, or as good and bad."""
    for defect_type, split in stored.items():
        if split != image.split:
            what = f"the picture {image.relative_path!r} (the same bytes are stored already)"
            raise names.split_leak(what, stored=split, wanted=image.split)
        if (defect_type is None) != (image.defect_type is None):
            raise AlreadyExists(
                expected=f"{image.relative_path!r} to be {defect_type or 'good'}, as its bytes are stored",
                found=f"the same bytes as {image.defect_type or 'good'}",
                action="Decide which label is right and remove the other file.",
            )


def _other_bytes(relative_path: str) -> AlreadyExists:
    return AlreadyExists(
        expected=f"the bytes that were ingested from {relative_path!r}",
        found="other bytes under the same path",
        action="A stored picture never changes. Give the new picture another name.",
    )
