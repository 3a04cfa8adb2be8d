"""Take a part and everything derived from it out of the tables; the trail of who did what stays."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Table, delete, func, or_, select
from sqlalchemy.orm import Session

from data_registry.columns import Base
from data_registry.parts import hold_part
from data_registry.schema import DatasetVersion, Mask, Part, Review, Sample, SourceImage


class Removal:
    """Counts and deletes the rows of one part inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def counts(self, part_id: int) -> dict[str, int]:
        """Return table to the number of the part's rows, in alphabetical order; tables without any are left out."""
        found = {}
        for table, mine in _rows_of(part_id):
            count = self._session.scalar(select(func.count()).select_from(table).where(mine)) or 0
            if count:
                found[table.name] = count
        return dict(sorted(found.items()))

    def blobs(self, part_id: int) -> Iterator[str]:
        """Yield the hashes of all stored bytes that the part's rows name; another part may name some of them too."""
        for column, owner in (
            (SourceImage.sha256, SourceImage.part_id),
            (Mask.sha256, Mask.part_id),
            (Sample.image_sha256, Sample.part_id),
            (Sample.mask_sha256, Sample.part_id),
            (DatasetVersion.manifest_sha256, DatasetVersion.part_id),
            (Part.allowed_region_sha256, Part.id),
        ):
            for sha256 in self._session.scalars(select(column).where(owner == part_id).distinct()):
                if sha256 is not None:
                    yield sha256

    def delete(self, part_id: int) -> None:
        """Delete the part and all rows that belong to it.

        Raises:
            NotFound: no such part.
        """
        part = hold_part(self._session, part_id)
        for table, mine in _rows_of(part_id):
            self._session.execute(delete(table).where(mine))
        self._session.delete(part)
        self._session.flush()


def _rows_of(part_id: int) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Every table that has rows of parts, whoever refers to others first, with the test for this part's rows."""
    for table in reversed(Base.metadata.sorted_tables):
        if "part_id" in table.columns:
            yield table, table.columns["part_id"] == part_id
        elif table.name == Review.__tablename__:
            # A decision has no part of its own, only a subject.
            samples = select(Sample.id).where(Sample.part_id == part_id)
            images = select(SourceImage.id).where(SourceImage.part_id == part_id)
            yield table, or_(Review.sample_id.in_(samples), Review.source_image_id.in_(images))
