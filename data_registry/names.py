"""Names that a part's rows share: its defect types, splits, groups and masks.

Each is stored once and referred to by number. The part must be held (`hold_part`), so that nobody
else adds the same name in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from data_registry.errors import SplitLeak
from data_registry.schema import DefectType, Group, Mask, Split


def defect_types(session: Session, part_id: int) -> dict[str, int]:
    """Return the part's defect types as name -> number."""
    rows = select(DefectType.name, DefectType.id).where(DefectType.part_id == part_id)
    return dict(session.execute(rows).all())


def splits(session: Session, part_id: int) -> dict[str, int]:
    """Return the part's splits as name -> number."""
    rows = select(Split.name, Split.id).where(Split.part_id == part_id)
    return dict(session.execute(rows).all())


def ensure_defect_types(session: Session, part_id: int, names: Iterable[str]) -> dict[str, int]:
    """Store the names that are not there yet; return all as name -> number."""
    missing = sorted(set(names) - defect_types(session, part_id).keys())
    if missing:
        session.execute(insert(DefectType), [{"part_id": part_id, "name": name} for name in missing])
    return defect_types(session, part_id)


def ensure_splits(session: Session, part_id: int, names: Iterable[str]) -> dict[str, int]:
    """Store the names that are not there yet; return all as name -> number."""
    missing = sorted(set(names) - splits(session, part_id).keys())
    if missing:
        now = datetime.now(UTC)
        rows = [{"part_id": part_id, "name": name, "created_at": now} for name in missing]
        session.execute(insert(Split), rows)
    return splits(session, part_id)


def ensure_groups(
    session: Session, part_id: int, wanted: Mapping[str, str], split_ids: Mapping[str, int]
) -> dict[str, int]:
    """Store the groups that are not there yet; return the wanted ones as name -> number.

    Args:
        session: the transaction.
        part_id: the part, held.
        wanted: group name -> split name, at most a few thousand.
        split_ids: split name -> number.

    Raises:
        SplitLeak: a stored group lies in another split.
    """
    where = (Group.part_id == part_id, Group.name.in_(wanted))
    stored = {name: (key, split_id) for name, key, split_id in session.execute(_groups().where(*where))}
    names = {key: name for name, key in split_ids.items()}
    for name, (_, split_id) in stored.items():
        if split_id != split_ids[wanted[name]]:
            raise split_leak(f"the group {name!r}", stored=names[split_id], wanted=wanted[name])
    missing = sorted(wanted.keys() - stored.keys())
    if missing:
        rows = [{"part_id": part_id, "name": n, "split_id": split_ids[wanted[n]]} for n in missing]
        session.execute(insert(Group), rows)
    return {name: key for name, key, _ in session.execute(_groups().where(*where))}


def ensure_masks(session: Session, part_id: int, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Store the masks that are not there yet; return the wanted ones as (hash, origin) -> number."""
    if not wanted:
        return {}
    stored = _masks(session, part_id, wanted)
    missing = sorted(wanted - stored.keys())
    if missing:
        rows = [{"part_id": part_id, "sha256": sha256, "origin": origin} for sha256, origin in missing]
        session.execute(insert(Mask), rows)
        stored = _masks(session, part_id, wanted)
    return stored


def split_leak(what: str, *, stored: str, wanted: str) -> SplitLeak:
    """Return the refusal of something that would cross the hold-out."""
    return SplitLeak(
        expected=f"{what} to stay in the split {stored!r} that it was given first",
        found=f"the split {wanted!r}",
        action="A physical part is on one side for good. Keep its split, or ingest under another part name.",
    )


def _groups() -> Select[str, int, int]:
    return select(Group.name, Group.id, Group.split_id)


def _masks(session: Session, part_id: int, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    hashes = {sha256 for sha256, _ in wanted}
    rows = select(Mask.sha256, Mask.origin, Mask.id).where(Mask.part_id == part_id, Mask.sha256.in_(hashes))
    return {(sha256, origin): key for sha256, origin, key in session.execute(rows)}
