"""The parts that the plant makes."""

from __future__ import annotations

import difflib
import math
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data_registry.errors import AlreadyExists, NotFound
from data_registry.records import PartRecord, require, require_sha256
from data_registry.schema import Part


class Parts:
    """Reads and writes the rows of `parts` inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, *, source_root: str, mm_per_pixel: float | None = None) -> PartRecord:
        """Store a new part.

        Args:
            name: what people call it; unique.
            source_root: the folder or zip that its pictures come from.
            mm_per_pixel: millimetres per pixel, if one figure holds for all pictures.

        Raises:
            AlreadyExists: a part of that name is there.
            BadRecord: the name is empty or cannot be shown on one line.
        """
        fits = bool(name.strip()) and name.isprintable() and len(name) <= 200
        require(fits, "a part's name", "1 to 200 printable characters", name)
        if self._find(name) is not None:
            raise AlreadyExists(
                expected="a part name that is not in use",
                found=f"the part {name!r}",
                action="Add to it by ingesting under the same name, or choose another name.",
            )
        row = Part(
            name=name, source_root=source_root, mm_per_pixel=mm_per_pixel, created_at=datetime.now(UTC)
        )
        self._session.add(row)
        self._session.flush()
        return _record(row)

    def get(self, name: str) -> PartRecord:
        """Return a part by name.

        Raises:
            NotFound: no such part; the nearest names are listed.
        """
        row = self._find(name)
        if row is None:
            raise self._not_found(name)
        return _record(row)

    def list(self) -> list[PartRecord]:
        """Return all parts in the order of their names."""
        return [_record(row) for row in self._session.scalars(select(Part).order_by(Part.name))]

    def set_allowed_region(self, part_id: int, sha256: str | None) -> None:
        """Store where defects may sit on this part.

        Args:
            part_id: the part.
            sha256: name of the stored mask, None to allow the whole foreground again.

        Raises:
            NotFound: no such part.
        """
        if sha256 is not None:
            require_sha256("an allowed region", sha256)
        hold_part(self._session, part_id).allowed_region_sha256 = sha256
        self._session.flush()

    def set_mm_per_pixel(self, part_id: int, mm_per_pixel: float | None) -> None:
        """Store how many millimetres a pixel of this part's pictures is; None where nobody knows.

        Raises:
            BadRecord: not above 0, or no finite number.
            NotFound: no such part.
        """
        fits = mm_per_pixel is None or (math.isfinite(mm_per_pixel) and mm_per_pixel > 0)
        require(fits, "millimetres per pixel", "above 0", mm_per_pixel)
        hold_part(self._session, part_id).mm_per_pixel = mm_per_pixel
        self._session.flush()

    def _find(self, name: str) -> Part | None:
        return self._session.scalars(select(Part).where(Part.name == name)).one_or_none()

    def _not_found(self, name: str) -> NotFound:
        names = list(self._session.scalars(select(Part.name).order_by(Part.name)))
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:3]
        if not near:
            action = "Run `factory-gen ingest FOLDER --part NAME` first."
        else:
            action = f"Did you mean {' or '.join(repr(other) for other in near)}?"
        return NotFound(expected="a part that was ingested", found=f"no part {name!r}", action=action)


def hold_part(session: Session, part_id: int) -> Part:
    """Return a part's row, locked until the transaction ends, so that numbers are given once.

    Raises:
        NotFound: no such part.
    """
    # Not a full lock: other rows may go on referring to the part meanwhile. SQLite needs none.
    row = session.get(Part, part_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound(
            expected="a part that was ingested",
            found=f"no part with the id {part_id}",
            action="Look with `factory-gen status`.",
        )
    return row


def _record(row: Part) -> PartRecord:
    return PartRecord(
        id=row.id,
        name=row.name,
        source_root=row.source_root,
        created_at=row.created_at,
        mm_per_pixel=row.mm_per_pixel,
        allowed_region_sha256=row.allowed_region_sha256,
    )
