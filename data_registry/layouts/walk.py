"""Walk a folder that somebody else filled: no link is followed, no odd name is trusted, nothing is kept in memory."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from data_registry.layouts.found import Leftover, Rejected

READABLE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".tif", ".tiff"})
# pictures of formats that the reader refuses: they must show up as refused, not vanish as "other files"
_OTHER_PICTURES = frozenset(
    {
        ".avif",
        ".dng",
        ".eps",
        ".exr",
        ".fit",
        ".fits",
        ".gd",
        ".gif",
        ".hdr",
        ".heic",
        ".heif",
        ".j2k",
        ".jp2",
        ".jxl",
        ".pbm",
        ".pdf",
        ".pgm",
        ".pnm",
        ".ppm",
        ".psd",
        ".svg",
        ".tga",
        ".webp",
    }
)
PICTURE_SUFFIXES = READABLE_SUFFIXES | _OTHER_PICTURES
GROUPS_FILE = "groups.csv"

_SYSTEM_NAMES = frozenset({"thumbs.db", ".ds_store", "desktop.ini", "__macosx", ".directory"})
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def is_system_file(name: str) -> bool:
    """Say whether an operating system or tool left this file or folder behind."""
    return name.lower() in _SYSTEM_NAMES or name.startswith("._") or name in (".git", ".svn", ".dvc")


def is_picture_name(name: str) -> bool:
    """Say whether a file's suffix is that of a picture, readable or not."""
    return PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES


def odd_name(name: str) -> str | None:
    """Say what is wrong with a file name that could mislead a person or a program; None for a fine name."""
    if any(unicodedata.category(letter) == "Cc" for letter in name):
        return "a control character"
    if _BIDI.intersection(name):
        return "a character that turns the reading direction"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "bytes that are not UTF-8"
    return None


def subfolders(root: Path, folder: str = "") -> list[str]:
    """Names of the real folders in `root/folder`, sorted; none when it is not there.

    Raises:
        OSError: the folder cannot be listed.
    """
    try:
        with os.scandir(root / folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
                and not is_system_file(entry.name)
                and odd_name(entry.name) is None
            )
    except (FileNotFoundError, NotADirectoryError):
        return []


def pictures_below(root: Path, folder: str) -> Iterator[str | Leftover | Rejected]:
    """Yield the relative path of every picture in `root/folder` and below, in no particular order.

    Links and special files are rejected and never opened, so loops end and pipes do not block.
    """
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        try:
            entries = os.scandir(root / inside)
        except OSError as fault:
            yield _rejected(inside, "unreadable", "a folder that can be listed", fault.strerror or "an error")
            continue
        with entries:
            for entry in entries:
                path = f"{inside}/{entry.name}" if inside else entry.name
                verdict = _judge(entry, path)
                if verdict is None:
                    waiting.append(path)
                else:
                    yield verdict


def files_in(root: Path, folder: str = "") -> Iterator[str | Leftover | Rejected]:
    """Yield the pictures directly in `root/folder`; its subfolders are left to the caller."""
    with os.scandir(root / folder) as entries:
        for entry in entries:
            verdict = _judge(entry, f"{folder}/{entry.name}" if folder else entry.name)
            if verdict is not None:
                yield verdict


def is_plain_file(path: Path) -> bool:
    """Say whether a real file is there, not a link, a pipe or a folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def inside(root: Path, relative: str) -> str | None:
    """Normalise a path that a file from outside names; None when it leads out of `root`.

    Backslashes count as separators, as on the machines where such files are often written.
    """
    parts = PurePosixPath(relative.replace("\\", "/")).parts
    kept = [part for part in parts if part != "."]
    if not kept or ".." in kept or kept[0].startswith("/") or ":" in kept[0] or odd_name(relative):
        return None
    joined = root.joinpath(*kept)
    if not joined.resolve().is_relative_to(root.resolve()):
        return None
    return "/".join(kept)


def _judge(entry: os.DirEntry[str], path: str) -> str | Leftover | Rejected | None:
    """What one directory entry is: a picture's path, a leftover, a rejection, or None for a folder to enter."""
    if is_system_file(entry.name):
        return Leftover(path, "system-file")
    fault = odd_name(entry.name)
    if fault is not None:
        return _rejected(ascii(path), "unsafe-name", "a plain file name", fault)
    if entry.is_symlink():
        return _rejected(path, "symlink", "a real file or folder", "a symbolic link")
    if entry.is_dir(follow_symlinks=False):
        return None
    if not entry.is_file(follow_symlinks=False):
        return _rejected(path, "special-file", "a real file", "a pipe, socket or device")
    if not is_picture_name(entry.name):
        return Leftover(path, "groups-file" if path == GROUPS_FILE else "other-file")
    return path


def _rejected(path: str, reason: str, expected: str, found: str) -> Rejected:
    action = {
        "unreadable": "Give this user read access to it.",
        "unsafe-name": "Rename the file.",
        "symlink": "Copy the real file into the folder.",
        "special-file": "Leave it out.",
    }[reason]
    return Rejected(relative_path=path, reason=reason, expected=expected, found=found, action=action)
