"""Open what the user points at: a folder as it is, a zip unpacked into a temporary folder once it is proved safe."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from data_registry.errors import NoSpace
from data_registry.layouts.found import LayoutRefused
from data_registry.layouts.zip_check import Entry, check_entries, read_entries, zip_refused

_CHUNK = 1 << 20
_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class Source:
    """A folder that can be scanned.

    Attributes:
        root: the folder.
        archive: whether it was unpacked from a zip (and goes away afterwards).
        notes: what a person should know about the names in the zip.
        system_files: how many files of operating systems were left out.
    """

    root: Path
    archive: bool = False
    notes: tuple[str, ...] = ()
    system_files: int = 0


@contextmanager
def open_source(path: Path, *, scratch: Path | None = None) -> Iterator[Source]:
    """Give a folder to scan for the time of a `with` block.

    Args:
        path: a folder or a zip file.
        scratch: where a zip is unpacked; the system's temporary folder by default.

    Raises:
        LayoutRefused: nothing is there, it is neither folder nor zip, or the zip is unsafe or damaged.
        NoSpace: the unpacked files would not fit on the disk.
    """
    if path.is_dir():
        yield Source(path)
        return
    _check_file(path)
    entries, encoding = read_entries(path)
    check_entries(path, entries)
    with tempfile.TemporaryDirectory(prefix="factory-gen-zip-", dir=scratch) as folder:
        root = Path(folder)
        _check_space(root, sum(entry.size for entry in entries))
        _unpack(path, entries, encoding, root)
        notes = _notes(entries, encoding)
        yield Source(root, True, notes, sum(entry.system_file for entry in entries))


def _check_file(path: Path) -> None:
    if not path.exists():
        raise LayoutRefused(
            "no-source",
            expected=f"a folder or a zip at {path}",
            found="nothing there",
            action="Check the path; on a shared drive, check that it is connected.",
        )
    if not path.is_file() or path.suffix.lower() in _ARCHIVES or not zipfile.is_zipfile(path):
        truncated = path.is_file() and path.suffix.lower() == ".zip"
        raise LayoutRefused(
            "zip-truncated" if truncated else "not-a-folder",
            expected="a folder or a whole zip file",
            found=f"a zip without its table of contents, {path.stat().st_size} bytes"
            if truncated
            else str(path),
            action="Copy the zip again." if truncated else "Unpack it first, or point to the folder.",
        )


def _check_space(root: Path, wanted: int) -> None:
    free = shutil.disk_usage(root).free
    if wanted * 1.02 > free:
        raise NoSpace(
            expected=f"{wanted // 10**6} MB free for unpacking in {root.parent}",
            found=f"{free // 10**6} MB",
            action="Free some space, or unpack the zip elsewhere and ingest the folder.",
        )


def _unpack(path: Path, entries: list[Entry], encoding: str | None, root: Path) -> None:
    """Write every wanted entry below `root`, never more bytes than the table of contents promised."""
    try:
        with zipfile.ZipFile(path, metadata_encoding=encoding) as archive:
            for entry in entries:
                if entry.system_file or entry.folder:
                    continue
                target = root.joinpath(*entry.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry.info) as packed, target.open("xb") as file:
                    _copy(packed, file, entry.size, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise zip_refused("zip-damaged", path, "a whole zip", str(fault), "Copy the zip again.") from fault
    except FileExistsError as fault:
        name = os.path.relpath(fault.filename, root)
        raise zip_refused(
            "zip-name-twice", path, "every name once", f"{name!r} twice", "Rename one of them."
        ) from fault


def _copy(packed: IO[bytes], file: IO[bytes], size: int, path: Path) -> None:
    left = size
    while chunk := packed.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise zip_refused("zip-bomb", path, f"{size} bytes as promised", "more", "Do not use this file.")
        file.write(chunk)


def _notes(entries: list[Entry], encoding: str | None) -> tuple[str, ...]:
    foreign = [entry for entry in entries if not entry.info.filename.isascii()]
    if encoding is None or not foreign:
        return ()
    return (f"file names in the zip read as {encoding}, for example {foreign[0].info.filename!r}",)
