"""Pages of the catalogue in the order of their numbers, fast at a million rows whatever the filter.

A filter that fits few pictures would make a plain query walk through all the others. Instead the
filter is written out as every combination of kind, type, split and mask that it allows; each
combination is one stretch of `ix_source_images_facets`, already in order, of which one page's worth
is taken; the page is the first of these together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select, true, union_all
from sqlalchemy.orm import Session

from data_registry import names
from data_registry.chunks import in_chunks
from data_registry.records import ImageCount, SourceImageRecord
from data_registry.schema import DefectType, Group, Mask, SourceImage, Split

# Putting more parts of a query together takes longer than what they save.
_MOST_STRETCHES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFilter:
    """Which pictures are wanted; None means all."""

    kind: str | None = None
    split: str | None = None
    defect_type: str | None = None
    with_mask: bool | None = None


@dataclass(frozen=True, slots=True)
class _Facet:
    """One combination of the properties that a filter may name."""

    kind: str
    type_id: int | None
    split_id: int
    has_mask: bool

    def condition(self) -> ColumnElement[bool]:
        """Return the test for this combination; all of it is found in the index."""
        return and_(
            SourceImage.kind == self.kind,
            SourceImage.defect_type_id == self.type_id,
            SourceImage.split_id == self.split_id,
            SourceImage.has_mask == literal(self.has_mask),
        )

    def count(self, n: int, types: Mapping[str, int], splits: Mapping[str, int]) -> ImageCount:
        """Return `n` pictures of this combination, its numbers turned into names again."""
        type_names = {key: name for name, key in types.items()}
        split_names = {key: name for name, key in splits.items()}
        defect_type = None if self.type_id is None else type_names[self.type_id]
        return ImageCount(self.kind, defect_type, split_names[self.split_id], self.has_mask, n)


def read_page(
    session: Session, part_id: int, wanted: ImageFilter, *, after_id: int, limit: int
) -> list[SourceImageRecord]:
    """Return up to `limit` pictures with a number above `after_id`, in rising order."""
    here = and_(SourceImage.part_id == part_id, SourceImage.id > after_id)
    stretches = [
        select(SourceImage.id).where(here, condition).order_by(SourceImage.id).limit(limit).subquery()
        for condition in _conditions(session, part_id, wanted)
    ]
    if not stretches:
        return []
    # The numbers come first and alone: a join of all that follows would be made before it is cut.
    first = union_all(*(select(stretch.c.id) for stretch in stretches)).subquery()
    ids = select(first.c.id).order_by(first.c.id).limit(limit)
    return read_records(session, select_images().where(SourceImage.id.in_(ids)).order_by(SourceImage.id))


def count_facets(session: Session, part_id: int) -> list[ImageCount]:
    """Return how many pictures there are of each combination that occurs.

    Counting one stretch of the index after the other takes half as long as grouping all of it.
    """
    types = names.defect_types(session, part_id)
    splits = names.splits(session, part_id)
    found: list[ImageCount] = []
    for facets in in_chunks(_facets(ImageFilter(), types, splits), _MOST_STRETCHES):
        queries = [
            select(literal(place), func.count())
            .select_from(SourceImage)
            .where(SourceImage.part_id == part_id, facet.condition())
            for place, facet in enumerate(facets)
        ]
        for place, n in session.execute(union_all(*queries)):
            if n:
                found.append(facets[place].count(n, types, splits))
    return found


@cache
def select_images() -> Select[*tuple[Any, ...]]:
    """Return the query for all columns of `SourceImageRecord`, with names in place of numbers."""
    return (
        select(
            SourceImage.id,
            SourceImage.part_id,
            SourceImage.relative_path,
            SourceImage.sha256,
            SourceImage.kind,
            DefectType.name.label("defect_type"),
            Mask.sha256.label("mask_sha256"),
            Mask.origin.label("mask_origin"),
            SourceImage.width,
            SourceImage.height,
            SourceImage.mode,
            SourceImage.bit_depth,
            Group.name.label("group"),
            Split.name.label("split"),
            SourceImage.mm_per_pixel,
            SourceImage.conversions,
            SourceImage.created_at,
        )
        .join(Group, Group.id == SourceImage.group_id)
        .join(Split, Split.id == SourceImage.split_id)
        .outerjoin(DefectType, DefectType.id == SourceImage.defect_type_id)
        .outerjoin(Mask, Mask.id == SourceImage.mask_id)
    )


def read_records(session: Session, query: Select[*tuple[Any, ...]]) -> list[SourceImageRecord]:
    """Run a query made from `select_images`."""
    return [_record(row) for row in session.execute(query)]


def _record(row: Row[*tuple[Any, ...]]) -> SourceImageRecord:
    values = row._asdict()
    values["conversions"] = tuple(values["conversions"])
    return SourceImageRecord(**values)


def _conditions(session: Session, part_id: int, wanted: ImageFilter) -> list[ColumnElement[bool]]:
    """Return what to look for: one condition for each stretch of an index."""
    if wanted == ImageFilter():
        return [true()]
    types = names.defect_types(session, part_id)
    splits = names.splits(session, part_id)
    facets = list(_facets(wanted, types, splits))
    if len(facets) > _MOST_STRETCHES:
        return [_plain(wanted, types, splits)]
    return [facet.condition() for facet in facets]


def _facets(wanted: ImageFilter, types: Mapping[str, int], splits: Mapping[str, int]) -> Iterator[_Facet]:
    """Yield the combinations that a filter allows, given the part's own names."""
    split_ids = [key for name, key in splits.items() if wanted.split in (None, name)]
    masks = [flag for flag in (False, True) if wanted.with_mask in (None, flag)]
    if wanted.kind in (None, "good") and wanted.defect_type is None and False in masks:
        yield from (_Facet("good", None, split_id, False) for split_id in split_ids)
    if wanted.kind in (None, "defect"):
        type_ids = [key for name, key in types.items() if wanted.defect_type in (None, name)]
        yield from (_Facet("defect", *one) for one in product(type_ids, split_ids, masks))


def _plain(wanted: ImageFilter, types: Mapping[str, int], splits: Mapping[str, int]) -> ColumnElement[bool]:
    """Return the filter as it stands, for parts with dozens of defect types."""
    tests: list[ColumnElement[bool]] = [true()]
    if wanted.kind is not None:
        tests.append(SourceImage.kind == wanted.kind)
    if wanted.split is not None:
        tests.append(SourceImage.split_id == splits.get(wanted.split, -1))
    if wanted.defect_type is not None:
        tests.append(SourceImage.defect_type_id == types.get(wanted.defect_type, -1))
    if wanted.with_mask is not None:
        tests.append(SourceImage.has_mask == literal(wanted.with_mask))
    return and_(*tests)
