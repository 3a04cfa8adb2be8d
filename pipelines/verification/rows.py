"""Part of `verify`: walk through all rows that name stored bytes, a page per transaction.

So the registry is never held while gigabytes are hashed, and memory does not grow with the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from data_registry.chunks import CHUNK
from data_registry.records import DatasetVersionRecord, PartRecord, SampleRecord, SourceImageRecord
from data_registry.session import Registry, Work


class Mention(NamedTuple):
    """One row that names stored bytes: `table` and `key` say which row, `sha256` which bytes."""

    table: str
    key: str
    sha256: str


Numbered = TypeVar("Numbered", SourceImageRecord, SampleRecord)


def count_mentions(registry: Registry) -> int:
    """Return about how many mentions `mentions` yields, for a progress bar."""
    total = 0
    with registry.read() as rows:
        for part in rows.parts.list():
            total += sum(count.n * (2 if count.has_mask else 1) for count in rows.images.counts(part.id))
            total += sum(2 * count.n for count in rows.samples.counts(part.id))
            total += len(rows.datasets.list(part.id)) + (part.allowed_region_sha256 is not None)
    return total


def mentions(registry: Registry) -> Iterator[Mention]:
    """Yield every mention of a blob by a row, part by part; a blob may be named several times."""
    for part in parts(registry):
        if part.allowed_region_sha256 is not None:
            yield Mention("parts", part.name, part.allowed_region_sha256)
        for version in versions(registry, part):
            yield Mention("dataset_versions", version_key(part, version), version.manifest_sha256)
        yield from _of_images(registry, part)
        yield from _of_samples(registry, part)


def parts(registry: Registry) -> list[PartRecord]:
    """Return all parts."""
    with registry.read() as rows:
        return rows.parts.list()


def versions(registry: Registry, part: PartRecord) -> list[DatasetVersionRecord]:
    """Return the part's data set versions."""
    with registry.read() as rows:
        return rows.datasets.list(part.id)


def version_key(part: PartRecord, version: DatasetVersionRecord) -> str:
    """Return what a person calls a data set version."""
    return f"{part.name}/{version.kind} {version.number}"


def _of_images(registry: Registry, part: PartRecord) -> Iterator[Mention]:
    def page(rows: Work, after_id: int) -> list[SourceImageRecord]:
        return rows.images.page(part.id, after_id=after_id, limit=CHUNK)

    for image in _pages(registry, page):
        key = f"{part.name}/{image.relative_path}"
        yield Mention("source_images", key, image.sha256)
        if image.mask_sha256 is not None:
            yield Mention("masks", key, image.mask_sha256)


def _of_samples(registry: Registry, part: PartRecord) -> Iterator[Mention]:
    def page(rows: Work, after_id: int) -> list[SampleRecord]:
        return rows.samples.page(part.id, after_id=after_id, limit=CHUNK)

    for sample in _pages(registry, page):
        yield Mention("samples", f"{part.name}/sample {sample.id}", sample.image_sha256)
        yield Mention("samples", f"{part.name}/sample {sample.id} mask", sample.mask_sha256)


def _pages(registry: Registry, page: Callable[[Work, int], Sequence[Numbered]]) -> Iterator[Numbered]:
    last = 0
    while True:
        with registry.read() as rows:
            records = page(rows, last)
        if not records:
            return
        yield from records
        last = records[-1].id
