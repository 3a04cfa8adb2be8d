"""Which good pictures a monitor looks at, and what they are called: of a folder, or of the catalogue since a day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from data_registry.layouts.walk import READABLE_SUFFIXES
from data_registry.records import DatasetVersionRecord, PartRecord, SourceImageRecord
from factory_gen.errors import InputRefused, UsageError
from factory_gen.images.dataset import PartImage
from factory_gen.images.files import read_picture
from factory_gen.images.refused import ImageRefused
from pipelines.pictures.part_images import load_image, spread
from pipelines.wiring import Workplace

MOST_REFERENCE = 800
MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Source:
    """Where pictures come from: a folder, or the catalogue since a moment (None: since the champion's training)."""

    folder: Path | None
    since: datetime | None


def choose_source(folder: Path | None, since: str | None) -> Source:
    """What a user asked for.

    Raises:
        UsageError: both a folder and a date, or no date.
    """
    if folder is not None and since is not None:
        raise UsageError(
            expected="a folder, or --since for pictures of the catalogue",
            found="both",
            action="Leave one of them out.",
        )
    return Source(folder, None if since is None else read_day(since))


@dataclass(frozen=True)
class Incoming:
    """One picture to be looked at: a file, or a row of the catalogue.

    Attributes:
        name: for people.
        sha256: of its bytes.
        path: the file, None for a row.
        row: the row, None for a file.
    """

    name: str
    sha256: str
    path: Path | None = None
    row: SourceImageRecord | None = None


def of_folder(folder: Path) -> list[Incoming]:
    """The picture files of a folder and below, in the order of their names; equal ones once. Links are not followed.

    Raises:
        InputRefused: no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise InputRefused(
            expected="a folder with good pictures",
            found=f"no folder {folder}",
            action="Name the folder, or leave it out to look at new catalogue pictures.",
        )
    found: dict[str, Incoming] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in READABLE_SUFFIXES and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            found.setdefault(sha256, Incoming(path.relative_to(folder).as_posix(), sha256, path=path))
    if not found:
        raise InputRefused(
            expected="pictures (PNG, JPEG, BMP, TIFF)",
            found=f"none in {folder}",
            action="Check the path.",
        )
    return list(found.values())


def of_catalogue(
    work: Workplace, part: PartRecord, since: datetime | None, known: set[str]
) -> list[Incoming]:
    """Good pictures of the catalogue that came in since a moment, in the order they came; without those `known`.

    Raises:
        InputRefused: there is none.
    """
    with work.registry.read() as rows:
        good = [row for row in rows.images.stream(part.id, kind="good") if row.sha256 not in known]
    found = [row for row in good if since is None or row.created_at >= since]
    if not found:
        when = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "since the champion's training"
        raise InputRefused(
            expected=f"good pictures of {part.name} that were ingested {when}",
            found="none",
            action="Ingest the new ones, or name their folder: factory-gen monitor FOLDER --part NAME.",
        )
    return [Incoming(row.relative_path, row.sha256, row=row) for row in found]


def read_day(text: str, now: datetime | None = None) -> datetime:
    """A day or a moment such as 2026-05-01 or 2026-05-01T06:00, in UTC unless it names a zone.

    Raises:
        UsageError: no date, or one in the future.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise UsageError(
            expected="a date such as 2026-05-01", found=repr(text), action="Correct --since."
        ) from fault
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment > (now or datetime.now(UTC)):
        raise UsageError(
            expected="a date in the past",
            found=f"{moment:%Y-%m-%d %H:%M} UTC, which is still to come",
            action="Correct --since, or this machine's clock.",
        )
    return moment


def load(work: Workplace, one: Incoming, bit_depth: int | None) -> PartImage:
    """Decode one picture.

    Raises:
        ImageRefused: the file is no picture that the product reads.
    """
    if one.row is not None:
        image = load_image(work, one.row)
        return PartImage(one.name, image.pixels, image.bit_depth)
    assert one.path is not None
    if one.path.stat().st_size > MOST_BYTES:
        raise ImageRefused(
            "too-big", one.name, expected="a file below 1 GiB", found="a bigger one", action="Check the file."
        )
    picture = read_picture(one.path.read_bytes(), one.name, bit_depth=bit_depth)
    return PartImage(one.name, picture.pixels, picture.bit_depth)


@dataclass(frozen=True)
class Reference:
    """The catalogue's good pictures that limits are learned from.

    Attributes:
        rows: at most `MOST_REFERENCE`, spread over the catalogue version; held-out ones are kept first, since the
            model never saw them.
        known: hashes of all of the version's pictures.
        bit_depth: of 16-bit pictures, None where all have 8 bits.
    """

    rows: Sequence[SourceImageRecord]
    known: set[str]
    bit_depth: int | None


def reference_of(work: Workplace, part: PartRecord, version: DatasetVersionRecord) -> Reference:
    """The good pictures of a catalogue version.

    Raises:
        InputRefused: it has none.
    """
    lines = work.blobs.read(version.manifest_sha256).splitlines()
    known = {member["sha256"] for member in map(json.loads, lines)}
    with work.registry.read() as rows:
        good = [row for row in rows.images.stream(part.id, kind="good") if row.sha256 in known]
    if not good:
        raise InputRefused(
            expected="good pictures in the catalogue that the champion was trained on",
            found=f"none in version {version.number}",
            action="Ingest good pictures and train again.",
        )
    unseen = spread([row for row in good if row.split == "holdout"], MOST_REFERENCE // 2)
    seen = spread([row for row in good if row.split != "holdout"], MOST_REFERENCE - len(unseen))
    deep = [row.bit_depth for row in good if row.bit_depth > 8]
    return Reference([*unseen, *seen], known, max(deep) if deep else None)
