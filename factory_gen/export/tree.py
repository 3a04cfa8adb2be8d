"""A folder under construction: every file is written once, hashed on the way, and synced at the end."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from factory_gen.errors import UsageError

_BLOCK = 1 << 20


class Stream:
    """Bytes on their way into a file, hashed as they pass."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._digest.update(data)
        self._handle.write(data)

    @property
    def sha256(self) -> str:
        """Hash of everything written so far."""
        return self._digest.hexdigest()


class Tree:
    """A folder under construction.

    Args:
        root: an existing, empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hashes: dict[str, str] = {}
        self._taken: set[str] = set()
        self._folders: set[Path] = {root}

    @property
    def files(self) -> Mapping[str, str]:
        """{path relative to the root, with forward slashes: SHA-256 of its bytes} of the finished files."""
        return self._hashes

    def put(self, relative: str, data: bytes) -> str:
        """Write one file and return the SHA-256 of its bytes; `UsageError` if the path is taken."""
        with self.stream(relative) as out:
            out.write(data)
        return self._hashes[relative]

    @contextmanager
    def stream(self, relative: str) -> Iterator[Stream]:
        """Open one file for writing in pieces; its hash is known once it is closed."""
        with self._claim(relative).open("xb") as handle:
            out = Stream(handle)
            yield out
        self._hashes[relative] = out.sha256

    def spool(self) -> BinaryIO:
        """A nameless file on the same disk for pieces that are needed later; it vanishes when closed."""
        return tempfile.TemporaryFile(dir=self.root)

    def sync(self) -> None:
        """Make sure that every file and folder has reached the disk."""
        # One pass at the end: the first fsync commits most of the others, far cheaper than one after each file.
        for path in [*(self.root / name for name in self._hashes), *sorted(self._folders)]:
            sync_path(path)

    def _claim(self, relative: str) -> Path:
        # Compared in one Unicode form and without case: the export may be copied to where neither is told apart.
        key = unicodedata.normalize("NFC", relative).casefold()
        if key in self._taken:
            raise UsageError(
                expected="every file of an export to have its own name",
                found=f"{relative} twice",
                action="Give every sample its own number.",
            )
        self._taken.add(key)
        path = self.root / relative
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.update(folder for folder in path.parents if folder.is_relative_to(self.root))
        return path


def tree_sha256(files: Mapping[str, str]) -> str:
    """One hash for a whole folder: SHA-256 over the sorted lines `<sha256>  <path>`."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def hash_folder(folder: Path) -> dict[str, str]:
    """{relative path: SHA-256} of every file under a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _hash_file(path) for path in paths}


def sync_path(path: Path) -> None:
    """Make sure that a file or a folder has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
