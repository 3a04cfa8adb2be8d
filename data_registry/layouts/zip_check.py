"""Judge a zip by its table of contents, before one byte is unpacked. One bad entry refuses the whole archive."""

from __future__ import annotations

import stat
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

from data_registry.layouts.found import LayoutRefused
from data_registry.layouts.walk import is_system_file, odd_name

MAX_ENTRIES = 200_000
MAX_BYTES = 10 * 10**9  # unpacked
MAX_RATIO = 100  # unpacked over packed, of the whole and of each larger entry
MAX_NAME_BYTES = 255  # what usual file systems hold
MAX_DEPTH = 100
_SMALL = 1 << 20  # a tiny file may be packed better: it can do no harm
_END_BYTES = (1 << 16) + 200  # a comment of the longest kind, and the end records
_DIRECTORY_BYTES = 64_000_000
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_NESTED = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")
# names without the UTF-8 flag: what programs that forget it write, then what Japanese Windows writes
_ENCODINGS = ("utf-8", "cp932")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a zip, with its name split into parts."""

    info: zipfile.ZipInfo
    parts: tuple[str, ...]

    @property
    def size(self) -> int:
        """Unpacked bytes, as the table of contents says."""
        return self.info.file_size

    @property
    def folder(self) -> bool:
        """Whether it is a folder."""
        return self.info.is_dir()

    @property
    def system_file(self) -> bool:
        """Whether an operating system left it behind."""
        return any(is_system_file(part) for part in self.parts)


def read_entries(path: Path) -> tuple[list[Entry], str | None]:
    """Read the table of contents.

    Returns:
        The entries, and the encoding of their names where the zip does not say (None for plain names).

    Raises:
        LayoutRefused: no zip, cut, too many entries, or names in no known encoding.
    """
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            count = len(archive.infolist())
            flagged = all(
                info.flag_bits & _UTF8_FLAG or info.filename.isascii() for info in archive.infolist()
            )
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as fault:
        raise zip_refused("zip-truncated", path, "a whole zip", str(fault), "Copy the zip again.") from fault
    if count > MAX_ENTRIES:
        raise zip_refused(
            "zip-entries",
            path,
            f"at most {MAX_ENTRIES:,} entries",
            f"{count:,}",
            "Unpack it and ingest the folder.",
        )
    for encoding in (None,) if flagged else _ENCODINGS:
        try:
            with zipfile.ZipFile(path, metadata_encoding=encoding) as archive:
                infos = archive.infolist()
        except UnicodeDecodeError:
            continue
        return [Entry(info, tuple(_raw_name(info).rstrip("/").split("/"))) for info in infos], encoding
    raise zip_refused(
        "zip-names",
        path,
        f"file names in {' or '.join(_ENCODINGS)}",
        "another encoding",
        "Pack it again with UTF-8 names.",
    )


def check_entries(path: Path, entries: list[Entry]) -> None:
    """Refuse an archive that could write elsewhere, fill the disk, or hide one file behind another.

    Raises:
        LayoutRefused: with the reason and the entry's name.
    """
    for entry in entries:
        _check_name(path, entry)
        _check_kind(path, entry)
    _check_sizes(path, entries)
    _check_twins(path, entries)
    _check_overlaps(path, entries)


def zip_refused(reason: str, path: Path, expected: str, found: str, action: str) -> LayoutRefused:
    """The refusal of a whole archive."""
    return LayoutRefused(reason, expected=f"{expected} in {path.name}", found=found, action=action)


def _check_directory(path: Path) -> None:
    """Refuse a table of contents that would fill the memory, before the library reads it whole."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        end = file.read()
    at = end.rfind(b"PK\5\6")
    size = int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0
    wide = end.rfind(b"PK\6\6")
    if size == 0xFFFFFFFF and wide >= 0:
        size = int.from_bytes(end[wide + 40 : wide + 48], "little")
    if size > _DIRECTORY_BYTES:
        raise zip_refused(
            "zip-entries",
            path,
            f"at most {MAX_ENTRIES:,} entries",
            f"a table of contents of {size // 10**6} MB",
            "Unpack it and ingest the folder.",
        )


def _raw_name(info: zipfile.ZipInfo) -> str:
    """The name as stored: `filename` has been cut at a NUL and had its backslashes turned on Windows."""
    return str(info.orig_filename)


def _check_name(path: Path, entry: Entry) -> None:
    name = _raw_name(entry.info)
    fault = odd_name(name)
    if name.startswith("/") or "\\" in name or (len(name) > 1 and name[1] == ":"):
        fault = "an absolute path or a backslash"
    elif any(part in ("", ".", "..") for part in entry.parts):
        fault = "a path that leads elsewhere"
    elif len(entry.parts) > MAX_DEPTH or any(len(part.encode()) > MAX_NAME_BYTES for part in entry.parts):
        fault = "a name that is too long or too deep"
    if fault:
        raise zip_refused(
            "zip-unsafe-name",
            path,
            "plain names below the archive",
            f"{fault} in {name[:200]!a}",
            "Do not trust this file; pack the folder again with a usual program.",
        )


def _check_kind(path: Path, entry: Entry) -> None:
    info = entry.info
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise zip_refused(
            "zip-link",
            path,
            "files and folders only",
            f"a link or device {info.filename!r}",
            "Pack the files themselves.",
        )
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise zip_refused(
            "zip-encrypted",
            path,
            "entries without a password",
            f"{info.filename!r} is encrypted",
            "Unpack it with its password and ingest the folder.",
        )
    if info.filename.lower().endswith(_NESTED) and not entry.system_file:
        raise zip_refused(
            "zip-nested",
            path,
            "pictures, no archive inside",
            repr(info.filename),
            "Unpack the inner archive and pack the folder anew.",
        )


def _check_sizes(path: Path, entries: list[Entry]) -> None:
    unpacked = sum(entry.size for entry in entries)
    packed = sum(entry.info.compress_size for entry in entries)
    if unpacked > MAX_BYTES:
        raise zip_refused(
            "zip-too-large",
            path,
            f"at most {MAX_BYTES // 10**9} GB unpacked",
            f"{unpacked / 10**9:.1f} GB",
            "Unpack it and ingest the folder.",
        )
    large = [entry for entry in entries if entry.size > _SMALL]
    worst = max((entry.size / max(entry.info.compress_size, 1) for entry in large), default=0.0)
    worst = max(worst, unpacked / max(packed, 1) if unpacked > _SMALL else 0.0)
    if worst > MAX_RATIO:
        raise zip_refused(
            "zip-bomb",
            path,
            f"at most {MAX_RATIO} times the packed size",
            f"{worst:.0f} times",
            "Do not use this file; pictures do not pack that well.",
        )


def _check_twins(path: Path, entries: list[Entry]) -> None:
    """Names that differ only in case or in how an accent is written are one file on some disks."""
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.folder or entry.system_file:
            continue
        name = "/".join(entry.parts)
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise zip_refused(
                "zip-name-twice",
                path,
                "names that differ in more than case",
                f"{seen[key]!r} and {name!r}",
                "Rename one of them.",
            )
        seen[key] = name


def _check_overlaps(path: Path, entries: list[Entry]) -> None:
    """Entries that share bytes are how a small file unpacks to terabytes."""
    end = 0
    for entry in sorted(entries, key=lambda one: one.info.header_offset):
        if entry.info.header_offset < end:
            raise zip_refused(
                "zip-overlap",
                path,
                "entries beside each other",
                f"{entry.info.filename!r} lies over another one",
                "Do not trust this file; pack the folder again with a usual program.",
            )
        # a local header has at least 30 bytes and the name
        end = entry.info.header_offset + 30 + len(entry.info.orig_filename) + entry.info.compress_size
