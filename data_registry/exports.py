"""Folders that were handed out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.parts import hold_part
from data_registry.records import ExportRecord, require, require_sha256
from data_registry.schema import Export


class Exports:
    """Reads and writes the rows of `exports` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        part_id: int,
        *,
        dataset_version_id: int,
        format: str,
        out_dir: str,
        manifest_sha256: str,
        tree_sha256: str,
        override_reason: str | None,
        read_back: Mapping[str, Any],
    ) -> ExportRecord:
        """Store that a folder was handed out.

        Args:
            part_id: the part.
            dataset_version_id: what was exported.
            format: the format's name.
            out_dir: where it was written.
            manifest_sha256: hash of the folder's `manifest.jsonl`.
            tree_sha256: hash over all its files.
            override_reason: why a check that forbade it was overruled, None when none did.
            read_back: what reading it back showed, JSON-able.

        Raises:
            NotFound: no such part, or the version is not one of its versions.
            BadRecord: a value is outside its set.
        """
        require_sha256("a manifest", manifest_sha256)
        require_sha256("an exported tree", tree_sha256)
        given = override_reason is None or bool(override_reason.strip())
        require(given, "an override's reason", "a sentence", override_reason)
        hold_part(self._session, part_id)
        row = Export(
            part_id=part_id,
            dataset_version_id=dataset_version_id,
            format=format,
            out_dir=out_dir,
            manifest_sha256=manifest_sha256,
            tree_sha256=tree_sha256,
            override_reason=override_reason,
            read_back=dict(read_back),
            created_at=datetime.now(UTC),
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def list(self, part_id: int) -> list[ExportRecord]:
        """Return a part's exports, oldest first."""
        query = select(Export).where(Export.part_id == part_id).order_by(Export.id)
        return [_record(row) for row in self._session.scalars(query)]


def _record(row: Export) -> ExportRecord:
    return ExportRecord(
        id=row.id,
        part_id=row.part_id,
        dataset_version_id=row.dataset_version_id,
        format=row.format,
        out_dir=row.out_dir,
        manifest_sha256=row.manifest_sha256,
        tree_sha256=row.tree_sha256,
        override_reason=row.override_reason,
        read_back=dict(row.read_back),
        created_at=row.created_at,
    )
