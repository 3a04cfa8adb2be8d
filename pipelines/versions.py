"""`versions`: the frozen data set versions of a part, and what differs between two of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data_registry.records import DatasetVersionRecord, PartRecord
from factory_gen.errors import UsageError
from pipelines.wiring import Workplace

SHOWN = 20
KINDS = ("catalogue", "synthetic")


@dataclass(frozen=True, kw_only=True)
class VersionLine:
    """One version; `hash` is that of its manifest, which never changes."""

    version: str
    members: int
    hash: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class VersionsReport:
    """All versions of a part, by kind and number."""

    part: str
    versions: Sequence[VersionLine]


@dataclass(frozen=True, kw_only=True)
class DiffReport:
    """What differs between two versions of one kind.

    Attributes:
        part: name.
        first, second: the two versions.
        same: members that are in both and equal.
        added, removed, changed: how many members of the second are new, gone, or differ in a fact.
        added_by, removed_by: the same by defect type.
        changed_in: fact to the number of members that differ in it.
        examples: the first members of each sort, by name.
    """

    part: str
    first: str
    second: str
    same: int
    added: int
    removed: int
    changed: int
    added_by: Mapping[str, int]
    removed_by: Mapping[str, int]
    changed_in: Mapping[str, int]
    examples: Mapping[str, Sequence[str]]


def list_versions(work: Workplace, part: str) -> VersionsReport:
    """All versions of a part.

    Raises:
        NotFound: no such part.
    """
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        found = rows.datasets.list(owner.id)
    lines = [
        VersionLine(
            version=f"{one.kind} {one.number}",
            members=one.counts.get("images", sum(one.counts.values())),
            hash=one.manifest_sha256,
            created_at=one.created_at,
        )
        for one in found
    ]
    return VersionsReport(part=part, versions=lines)


def diff(work: Workplace, part: str, first: int, second: int, *, kind: str = "catalogue") -> DiffReport:
    """What differs between two versions.

    Args:
        work: where things are.
        part: name of the part.
        first, second: numbers of the versions.
        kind: "catalogue" (the plant's pictures) or "synthetic" (ours).

    Raises:
        NotFound: no such part or version.
        UsageError: no such kind.
        Integrity: a manifest is missing or was changed.
    """
    if kind not in KINDS:
        raise UsageError(
            expected=f"a kind out of {', '.join(KINDS)}", found=repr(kind), action="Correct --kind."
        )
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        pair = [rows.datasets.get(owner.id, number, kind) for number in (first, second)]
    old, new = (_members(work, owner, version) for version in pair)
    added, removed = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    facts = {key: _differing(old[key], new[key]) for key in old.keys() & new.keys()}
    changed = sorted(key for key, names in facts.items() if names)
    return DiffReport(
        part=part,
        first=f"{kind} {first}",
        second=f"{kind} {second}",
        same=len(facts) - len(changed),
        added=len(added),
        removed=len(removed),
        changed=len(changed),
        added_by=_by_type([new[key] for key in added]),
        removed_by=_by_type([old[key] for key in removed]),
        changed_in=dict(sorted(Counter(name for names in facts.values() for name in names).items())),
        examples={
            sort: [key[0] for key in keys[:SHOWN]]
            for sort, keys in (("added", added), ("removed", removed), ("changed", changed))
            if keys
        },
    )


Member = Mapping[str, Any]


def _members(
    work: Workplace, part: PartRecord, version: DatasetVersionRecord
) -> dict[tuple[str, str], Member]:
    """Members by name and defect type: of a catalogue the path, of a synthetic version the picture's own hash.

    A sample's file name in a version is only its place in the order, so it says nothing about what it is.
    """
    found = {}
    for line in work.blobs.read(version.manifest_sha256).splitlines():
        member = json.loads(line)
        if version.kind == "catalogue":
            found[member["relative_path"], member["defect_type"] or ""] = member
        elif member["kind"] == "sample":
            lineage = member["lineage"]
            key = f"request {lineage['request_sha256'][:12]} sample {lineage['index']}"
            found[key, lineage["defect_type"]] = member | {"name": ""}
        else:
            found[member["source_image"], ""] = member | {"name": ""}
    return found


def _differing(old: Member, new: Member) -> list[str]:
    return [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def _by_type(members: Sequence[Member]) -> dict[str, int]:
    types = (m.get("defect_type") or m.get("lineage", {}).get("defect_type") or "good" for m in members)
    return dict(sorted(Counter(types).items()))
