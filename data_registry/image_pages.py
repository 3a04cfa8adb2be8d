"""Pages of the catalogue in the order of their numbers, fast at a million rows whatever the filter.

A filter that fits few pictures would make a plain query walk through all the others. Instead the
filter is written out as every combination of kind, type, split and mask that it allows; each
combination is one stretch of `ix_source_images_facets`, already in order, of which one page's worth
is taken; the page is the first of these together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, literal, or_, select, union_all
from sqlalchemy.orm import Session

from data_registry import names
from data_registry.records import SourceImageRecord
from data_registry.schema import DefectType, Group, Mask, SourceImage, Split

# SQLite joins at most 500 parts of a query.
_MOST_STRETCHES = 200


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
        return and_(
            SourceImage.kind == self.kind,
            SourceImage.defect_type_id == self.type_id,
            SourceImage.split_id == self.split_id,
            SourceImage.has_mask == literal(self.has_mask),
        )


def read_page(
    session: Session, part_id: int, wanted: ImageFilter, *, after_id: int, limit: int
) -> list[SourceImageRecord]:
    """Return up to `limit` pictures with a number above `after_id`, in rising order."""
    rows = select_images().order_by(SourceImage.id).limit(limit)
    here = and_(SourceImage.part_id == part_id, SourceImage.id > after_id)
    if wanted == ImageFilter():
        return read_records(session, rows.where(here))
    facets = list(_facets(wanted, names.defect_types(session, part_id), names.splits(session, part_id)))
    if not facets:
        return []
    if len(facets) > _MOST_STRETCHES:
        return read_records(session, rows.where(here, _plain(wanted)))
    stretches = [
        select(SourceImage.id).where(here, facet.condition()).order_by(SourceImage.id).limit(limit).subquery()
        for facet in facets
    ]
    first = union_all(*(select(stretch.c.id) for stretch in stretches)).subquery()
    ids = select(first.c.id).order_by(first.c.id).limit(limit)
    return read_records(session, rows.where(SourceImage.id.in_(ids)))


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


def _facets(wanted: ImageFilter, types: Mapping[str, int], splits: Mapping[str, int]) -> Iterator[_Facet]:
    """Yield the combinations that a filter allows, given the part's own names."""
    split_ids = [key for name, key in splits.items() if wanted.split in (None, name)]
    masks = [flag for flag in (False, True) if wanted.with_mask in (None, flag)]
    if wanted.kind in (None, "good") and wanted.defect_type is None and False in masks:
        yield from (_Facet("good", None, split_id, False) for split_id in split_ids)
    if wanted.kind in (None, "defect"):
        type_ids = [key for name, key in types.items() if wanted.defect_type in (None, name)]
        yield from (_Facet("defect", *one) for one in product(type_ids, split_ids, masks))


def _plain(wanted: ImageFilter) -> ColumnElement[bool]:
    """Return the filter as it stands, for parts with hundreds of defect types."""
    tests: list[ColumnElement[bool]] = [
        or_(literal(wanted.kind is None), SourceImage.kind == wanted.kind),
        or_(literal(wanted.split is None), Split.name == wanted.split),
        or_(literal(wanted.defect_type is None), DefectType.name == wanted.defect_type),
    ]
    if wanted.with_mask is not None:
        tests.append(SourceImage.has_mask == literal(wanted.with_mask))
    return and_(*tests)
