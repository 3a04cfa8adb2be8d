"""`verify`: compare the registry with the stored bytes and say what is wrong. Nothing is changed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data_registry.chunks import in_chunks
from data_registry.errors import Integrity
from data_registry.records import Problem
from data_registry.session import Registry
from data_registry.storage import BlobStore
from pipelines.progress import Progress, Silent
from pipelines.verification.folders import export_warnings, model_problems
from pipelines.verification.rows import Mention, count_mentions, mentions, parts, version_key, versions
from pipelines.wiring import Workplace

# The fields of a data set's manifest that name stored bytes.
_MEMBER_HASHES = ("sha256", "source_sha256", "image_sha256", "mask_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyCounts:
    """What was looked at.

    Attributes:
        mentions: rows' mentions of stored bytes, each of which was looked up.
        blobs: stored blobs, whoever names them.
        hashed: mentions whose bytes were hashed again (all, or the share asked for).
        orphans: blobs that no row names; a stopped job leaves them, and they harm nobody.
        unfinished: temporary files of a stopped job; they may be deleted while no job runs.
        members: members of published data set versions.
        models: models that are ready, whose files were all hashed.
        exports: exported folders found where they were written.
        exports_moved: exported folders that are no longer there.
    """

    mentions: int
    blobs: int
    hashed: int
    orphans: int
    unfinished: int
    members: int
    models: int
    exports: int
    exports_moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What is wrong: `problems` break a promise of the registry, `warnings` are worth knowing."""

    ok: bool
    counts: VerifyCounts
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class _Tally:
    """The counts while they grow."""

    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VerifyCounts.__slots__, 0))

    def add(self, name: str, amount: int = 1) -> None:
        self.numbers[name] += amount


def run(work: Workplace, *, sample_bytes: float = 1.0, progress: Progress | None = None) -> VerifyReport:
    """Look up every blob that a row names, hash it again, and check manifests, models and exports.

    Args:
        work: the workplace.
        sample_bytes: the share of the blobs that is hashed, 0 to 1; another share each time. That
            they are there is checked for all.
        progress: told about each blob.

    Raises:
        RegistryError: the registry itself cannot be read.
    """
    told = progress or Silent()
    tally = _Tally()
    problems = list(_blob_problems(work, sample_bytes, tally, told))
    problems += _member_problems(work, tally)
    problems += _models(work, tally, told)
    _count_orphans(work.registry, work.blobs, tally, told)
    warnings = tuple(_exports(work, tally))
    return VerifyReport(
        ok=not problems,
        counts=VerifyCounts(**tally.numbers),
        problems=tuple(problems),
        warnings=warnings,
    )


def _blob_problems(work: Workplace, share: float, tally: _Tally, told: Progress) -> Iterator[Problem]:
    offset = random.random()
    told.start("stored bytes", count_mentions(work.registry), "blobs")
    for mention in mentions(work.registry):
        tally.add("mentions")
        if not work.blobs.exists(mention.sha256):
            yield _missing(mention, work.blobs)
        elif _is_drawn(mention.sha256, share, offset):
            tally.add("hashed")
            yield from _compare(mention, work.blobs)
        told.advance("stored bytes")
    told.finish("stored bytes")


def _is_drawn(sha256: str, share: float, offset: float) -> bool:
    """Say whether a blob belongs to the share that is hashed this time."""
    place = int(sha256[:13], 16) / 16**13
    return (place + offset) % 1.0 < share


def _compare(mention: Mention, blobs: BlobStore) -> Iterator[Problem]:
    try:
        found = blobs.hash_of(mention.sha256)
    except Integrity as fault:
        yield _changed(mention, fault.found, blobs.path(mention.sha256))
        return
    if found != mention.sha256:
        yield _changed(mention, f"bytes that hash to {found}", blobs.path(mention.sha256))


def _member_problems(work: Workplace, tally: _Tally) -> Iterator[Problem]:
    """Yield the members of published versions whose bytes are not there."""
    for part in parts(work.registry):
        for version in versions(work.registry, part):
            try:
                lines = work.blobs.read(version.manifest_sha256).splitlines()
            except Integrity:
                continue  # reported as a blob already
            tally.add("members", len(lines))
            yield from _of_members(version_key(part, version), lines, work.blobs)


def _of_members(key: str, lines: Iterable[bytes], blobs: BlobStore) -> Iterator[Problem]:
    for line in lines:
        member = json.loads(line)
        for name in _MEMBER_HASHES:
            if member.get(name) and not blobs.exists(member[name]):
                yield _missing(Mention("dataset_versions", key, member[name]), blobs)


def _models(work: Workplace, tally: _Tally, told: Progress) -> Iterator[Problem]:
    models_dir = Path(work.settings.models_dir)
    for part in parts(work.registry):
        with work.registry.read() as rows:
            ready = [model for model in rows.models.list(part.id) if model.status == "ready"]
        for model in ready:
            tally.add("models")
            told.say(f"{part.name}: files of model {model.number}")
            yield from model_problems(part, model, models_dir)


def _exports(work: Workplace, tally: _Tally) -> Iterator[Problem]:
    for part in parts(work.registry):
        with work.registry.read() as rows:
            # Only the last export into a folder can still be there.
            latest = {export.out_dir: export for export in rows.exports.list(part.id)}
        for export in latest.values():
            if not Path(export.out_dir).is_dir():
                tally.add("exports_moved")
                continue
            tally.add("exports")
            yield from export_warnings(part, export)


def _count_orphans(registry: Registry, blobs: BlobStore, tally: _Tally, told: Progress) -> None:
    told.start("unnamed blobs", None, "blobs")
    for hashes in in_chunks(blobs.iter_hashes()):
        with registry.read() as rows:
            named = rows.references.named(hashes)
        tally.add("blobs", len(hashes))
        tally.add("orphans", len(hashes) - len(named))
        told.advance("unnamed blobs", len(hashes))
    tally.add("unfinished", sum(1 for _ in blobs.iter_unfinished()))
    told.finish("unnamed blobs")


def _missing(mention: Mention, blobs: BlobStore) -> Problem:
    return Problem(
        kind="missing",
        table=mention.table,
        key=mention.key,
        detail=f"no stored bytes {mention.sha256}",
        action=_restore(mention, blobs.path(mention.sha256)),
    )


def _changed(mention: Mention, found: str, path: Path) -> Problem:
    return Problem(
        kind="changed",
        table=mention.table,
        key=mention.key,
        detail=f"{found} where {mention.sha256} was stored",
        action=_restore(mention, path),
    )


def _restore(mention: Mention, path: Path) -> str:
    if mention.table == "source_images":
        return f"Copy the original picture to {path}: its bytes are what is stored there."
    return f"Restore {path} from a backup."
