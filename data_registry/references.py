"""Which stored bytes the rows name, for `verify`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from data_registry.chunks import in_chunks
from data_registry.schema import DatasetVersion, Mask, Part, Sample, SourceImage

_NAMING: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
    SourceImage.sha256,
    Mask.sha256,
    Sample.image_sha256,
    Sample.mask_sha256,
    DatasetVersion.manifest_sha256,
    Part.allowed_region_sha256,
)


class References:
    """Reads, inside one transaction, what the rows say about the blob store."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def named(self, hashes: Sequence[str]) -> set[str]:
        """Return those of `hashes` that some row of any part names."""
        found: set[str] = set()
        for chunk in in_chunks(hashes):
            for column in _NAMING:
                query = select(column).where(column.in_(chunk))
                found.update(sha256 for sha256 in self._session.scalars(query) if sha256 is not None)
        return found
