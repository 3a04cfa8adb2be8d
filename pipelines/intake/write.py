"""The second pass: bytes first, then rows, a chunk at a time. A stop in between loses nothing and doubles nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data_registry.records import DatasetVersionRecord, NewImage, PartRecord, SourceImageRecord
from factory_gen.images.refused import ImageRefused
from pipelines.intake.check import refused
from pipelines.intake.look import find_part
from pipelines.intake.notebook import Notebook
from pipelines.intake.read_file import read_bytes
from pipelines.intake.report import Refusal
from pipelines.intake.run import IngestRun
from pipelines.wiring import Workplace

_CHUNK = 128
_STAGE = "storing"
_IN_16 = " bits in 16"
_NEW = (
    "SELECT files.path, files.type, files.kind, files.sha256, files.width, files.height, files.mode,"
    " files.bit_depth, files.conversions, files.mask_png, files.mask_origin, files.group_key, groups.split"
    " FROM files JOIN groups ON groups.group_key = files.group_key WHERE files.state = 'new'"
    " ORDER BY files.path, files.type"
)


@dataclass(frozen=True, slots=True)
class Written:
    """What the second pass did: new rows, rows that got their mask, and the catalogue version."""

    added: int
    completed: int
    version: DatasetVersionRecord


def write_all(run: IngestRun) -> Written:
    """Store what is new, and publish the catalogue as it stands then.

    Raises:
        InputRefused: too many files changed since they were looked at.
        RegistryError: no space, no rights, or another writer; what is stored by then is whole.
    """
    part = _ensure_part(run)
    total = run.notebook.one("SELECT count(*) FROM files WHERE state IN ('new', 'mask')")
    run.progress.start(_STAGE, total, "pictures")
    added = 0
    for chunk in _chunks(run.notebook.rows(_NEW)):
        stored = list(run.pool.map(lambda row: _store(run, row), chunk))
        images = [one for one in stored if isinstance(one, NewImage)]
        with run.work.registry.write() as rows:
            added += rows.images.add_many(part.id, images)
        for one in stored:
            if isinstance(one, Refusal):
                run.refusals.add(one)
        run.progress.advance(_STAGE, len(chunk))
    completed = _add_masks(run)
    run.progress.finish(_STAGE)
    return Written(added, completed, publish(run.work, run.notebook, part.id))


def _ensure_part(run: IngestRun) -> PartRecord:
    with run.work.registry.write() as rows:
        return find_part(rows, run.part) or rows.parts.add(
            run.part, source_root=str(run.source.absolute()), mm_per_pixel=run.options.mm_per_pixel
        )


def _store(run: IngestRun, row: tuple[Any, ...]) -> NewImage | Refusal:
    """Put one picture's bytes and its mask's into the store; its row follows with the chunk."""
    path, defect_type, kind, sha256, width, height, mode, depth, notes, mask_png, origin, group, split = row
    try:
        data = read_bytes(run.root, str(path))
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise ImageRefused(
                "changed-while-read",
                str(path),
                expected="the bytes that were looked at",
                found="other bytes a moment later",
                action="Wait until nobody writes to the folder, then ingest again.",
            )
    except ImageRefused as refusal:
        return refused(str(path), refusal)
    run.work.blobs.put(data)
    mask_sha256 = run.work.blobs.put(mask_png) if isinstance(mask_png, bytes) else None
    return NewImage(
        relative_path=str(path),
        sha256=found,
        kind=str(kind),
        defect_type=str(defect_type) if defect_type else None,
        mask_sha256=mask_sha256,
        mask_origin=str(origin) if origin else None,
        width=_number(width),
        height=_number(height),
        mode=str(mode),
        bit_depth=_number(depth),
        group=str(group),
        split=str(split),
        mm_per_pixel=run.options.mm_per_pixel,
        conversions=conversions(str(notes), _number(depth)),
    )


def conversions(notes: str, bit_depth: int) -> tuple[str, ...]:
    """The reader's notes with the depth that was settled for the whole part."""
    told = json.loads(notes)
    kept = [text for text in told if not text.endswith(_IN_16)]
    if len(kept) < len(told) and bit_depth < 16:
        kept.append(f"{bit_depth}{_IN_16}")
    return tuple(kept)


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _add_masks(run: IngestRun) -> int:
    """Give stored pictures the masks that they lacked."""
    completed = 0
    query = "SELECT known_id, mask_png, mask_origin FROM files WHERE state = 'mask' ORDER BY path, type"
    for chunk in _chunks(run.notebook.rows(query)):
        masks = [(number, run.work.blobs.put(png), origin) for number, png, origin in chunk]
        with run.work.registry.write() as rows:
            for number, sha256, origin in masks:
                rows.images.add_mask(number, sha256, origin)
        completed += len(masks)
    return completed


def publish(work: Workplace, notebook: Notebook, part_id: int) -> DatasetVersionRecord:
    """Store the list of all the part's pictures and record it as a catalogue version; sorted in the notebook."""
    notebook.change("CREATE TEMP TABLE manifest (path TEXT, type TEXT, line TEXT)")
    counts: dict[str, int] = {"images": 0}
    with work.registry.read() as rows:
        for image in rows.images.stream(part_id):
            notebook.change(
                "INSERT INTO manifest VALUES (?, ?, ?)",
                image.relative_path,
                image.defect_type or "",
                _manifest_line(image),
            )
            counts["images"] += 1
            for key in (
                image.kind,
                image.split,
                *([f"defect:{image.defect_type}"] if image.defect_type else []),
            ):
                counts[key] = counts.get(key, 0) + 1
            if image.mask_sha256:
                counts["masks"] = counts.get("masks", 0) + 1
    listing = notebook.folder / "manifest.jsonl"
    with listing.open("w", encoding="utf-8", newline="\n") as file:
        for (line,) in notebook.rows("SELECT line FROM manifest ORDER BY path, type"):
            file.write(line + "\n")
    sha256 = work.blobs.put_file(listing)
    with work.registry.write() as rows:
        return rows.datasets.add(part_id, kind="catalogue", manifest_sha256=sha256, counts=counts)


def _manifest_line(image: SourceImageRecord) -> str:
    keys = (
        "relative_path sha256 kind defect_type mask_sha256 mask_origin group split width height mode bit_depth"
        " mm_per_pixel"
    )
    facts = {key: getattr(image, key) for key in keys.split()}
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
