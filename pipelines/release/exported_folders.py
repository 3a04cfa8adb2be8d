"""Folders that exports made: where they go by default, and one of them as a zip for a browser."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path

from data_registry.records import ExportRecord, PartRecord
from factory_gen.errors import InputRefused
from pipelines.settings import Settings
from pipelines.wiring import Workplace

MOST_BYTES = 2_000_000_000
_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")


def folder_for(settings: Settings, part: PartRecord, format: str, now: datetime) -> Path:
    """A folder of its own below home for an export that starts now; names from outside never become paths."""
    return settings.home / "exports" / f"part{part.id}-{_PLAIN.sub('', format)}-{now:%Y%m%d-%H%M%S}"


def size_of(folder: Path) -> int | None:
    """Bytes of all files in a folder; None where it is gone."""
    if not folder.is_dir():
        return None
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def zip_of(work: Workplace, part: PartRecord, record: ExportRecord) -> Path:
    """A zip of an exported folder, made once below home; pictures are stored as they are.

    Raises:
        InputRefused: the folder is gone, or too large for a browser.
    """
    folder = Path(record.out_dir)
    size = size_of(folder)
    if size is None or size > MOST_BYTES:
        raise InputRefused(
            expected=f"a folder of at most {MOST_BYTES / 1e9:.0f} GB at {folder}",
            found="no folder" if size is None else f"{size / 1e9:.1f} GB",
            action="Export it again." if size is None else "Copy the folder on the machine itself.",
        )
    target = work.settings.home / "exports" / "zips" / f"part{part.id}-export{record.id}.zip"
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".part")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                archive.write(one, one.relative_to(folder).as_posix())
    fresh.replace(target)
    return target
