"""Frozen data set versions: a list of members that is kept as a blob and never changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from data_registry.errors import NotFound
from data_registry.parts import hold_part
from data_registry.records import VERSION_KINDS, DatasetVersionRecord, require, require_sha256
from data_registry.schema import DatasetVersion


class Datasets:
    """Reads and writes the rows of `dataset_versions` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, part_id: int, *, kind: str, manifest_sha256: str, counts: Mapping[str, int]
    ) -> DatasetVersionRecord:
        """Publish a version; the same manifest again gives the same version.

        Args:
            part_id: the part.
            kind: "catalogue" (the plant's pictures) or "synthetic" (ours).
            manifest_sha256: name of the stored manifest; store the blob first.
            counts: how many members of which sort, for people.

        Raises:
            NotFound: no such part.
            BadRecord: a value is outside its set.
        """
        require(kind in VERSION_KINDS, "a version's kind", f"one of {VERSION_KINDS}", kind)
        require_sha256("a manifest", manifest_sha256)
        hold_part(self._session, part_id)
        if known := self.find(part_id, kind, manifest_sha256):
            return known
        row = DatasetVersion(
            part_id=part_id,
            kind=kind,
            number=self._last_number(part_id, kind) + 1,
            manifest_sha256=manifest_sha256,
            counts=dict(counts),
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def find(self, part_id: int, kind: str, manifest_sha256: str) -> DatasetVersionRecord | None:
        """Return the version with this manifest, None if there is none."""
        same = _of(part_id, kind).where(DatasetVersion.manifest_sha256 == manifest_sha256)
        row = self._session.scalars(same).one_or_none()
        return None if row is None else _record(row)

    def latest(self, part_id: int, kind: str) -> DatasetVersionRecord | None:
        """Return the version with the highest number, None before the first."""
        newest = _of(part_id, kind).order_by(DatasetVersion.number.desc()).limit(1)
        row = self._session.scalars(newest).one_or_none()
        return None if row is None else _record(row)

    def get(self, part_id: int, number: int, kind: str) -> DatasetVersionRecord:
        """Return a version by its number.

        Raises:
            NotFound: no such version.
        """
        row = self._session.scalars(_of(part_id, kind).where(DatasetVersion.number == number)).one_or_none()
        if row is None:
            raise NotFound(
                expected=f"a {kind} version from 1 to {self._last_number(part_id, kind)}",
                found=f"no version {number}",
                action="Look with `factory-gen status`.",
            )
        return _record(row)

    def list(self, part_id: int) -> list[DatasetVersionRecord]:
        """Return all versions of a part, by kind and number."""
        query = select(DatasetVersion).where(DatasetVersion.part_id == part_id)
        rows = self._session.scalars(query.order_by(DatasetVersion.kind, DatasetVersion.number))
        return [_record(row) for row in rows]

    def _last_number(self, part_id: int, kind: str) -> int:
        query = select(func.max(DatasetVersion.number)).where(
            DatasetVersion.part_id == part_id, DatasetVersion.kind == kind
        )
        return self._session.scalar(query) or 0


def _of(part_id: int, kind: str) -> Select[DatasetVersion]:
    return select(DatasetVersion).where(DatasetVersion.part_id == part_id, DatasetVersion.kind == kind)


def _record(row: DatasetVersion) -> DatasetVersionRecord:
    return DatasetVersionRecord(
        id=row.id,
        part_id=row.part_id,
        number=row.number,
        kind=row.kind,
        manifest_sha256=row.manifest_sha256,
        counts=dict(row.counts),
        created_at=row.created_at,
    )
