"""Which rows name which stored bytes, for `verify`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from data_registry.catalogue import Images
from data_registry.datasets import Datasets
from data_registry.parts import Parts
from data_registry.records import BlobReference, PartRecord
from data_registry.samples import Samples
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

    def stream(self) -> Iterator[BlobReference]:
        """Yield every mention of a blob by a row, part by part, with flat memory.

        The same blob may be named several times.
        """
        for part in Parts(self._session).list():
            yield from self._of_part(part)

    def named(self, hashes: Sequence[str]) -> set[str]:
        """Return those of `hashes` (at most a few thousand) that some row names."""
        found: set[str] = set()
        for column in _NAMING:
            query = select(column).where(column.in_(hashes))
            found.update(sha256 for sha256 in self._session.scalars(query) if sha256 is not None)
        return found

    def _of_part(self, part: PartRecord) -> Iterator[BlobReference]:
        if part.allowed_region_sha256 is not None:
            yield BlobReference("parts", part.name, part.allowed_region_sha256)
        for version in Datasets(self._session).list(part.id):
            key = f"{part.name}/{version.kind}/{version.number}"
            yield BlobReference("dataset_versions", key, version.manifest_sha256)
        for image in Images(self._session).stream(part.id):
            key = f"{part.name}/{image.relative_path}"
            yield BlobReference("source_images", key, image.sha256)
            if image.mask_sha256 is not None:
                yield BlobReference("masks", key, image.mask_sha256)
        for sample in Samples(self._session).stream(part.id):
            key = f"{part.name}/sample {sample.id}"
            yield BlobReference("samples", key, sample.image_sha256)
            yield BlobReference("samples", f"{key} (mask)", sample.mask_sha256)
