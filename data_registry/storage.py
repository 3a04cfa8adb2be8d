"""Stored bytes by their SHA-256: written once, never changed, never half-written.

Layout below the root: `ab/cdef...` (the first two digits are a folder). A blob is written to a
temporary file on the same file system, flushed to the disk, renamed, and its folder flushed. So a
name that exists holds all its bytes, whenever the process or the machine stops. Rows are written
after the bytes that they name; a stop in between leaves an orphan blob, which harms nobody.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from data_registry.errors import BadRecord, Integrity, NoSpace, NotWritable, RegistryError
from data_registry.records import require_sha256

_CHUNK = 1 << 20
_TEMPORARY = ".incoming-"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
)


class BlobStore:
    """Bytes in a folder, named by their SHA-256.

    Args:
        root: the folder; made when missing.

    Raises:
        NotWritable: when the folder cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        with _clear_disk_errors(root):
            root.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Store bytes and return their SHA-256 (64 hexadecimal digits).

        Raises:
            NoSpace: the disk is full; nothing is left behind.
            NotWritable: the folder may not be written.
            Integrity: the disk reports that it could not keep the bytes.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._holds(sha256, len(data)):
            self._write(lambda file: _write_all(file, data), lambda: sha256)
        return sha256

    def put_file(self, path: Path) -> str:
        """Store a file's bytes in one pass with flat memory and return their SHA-256.

        Raises:
            OSError: `path` cannot be opened.
            BadRecord: `path` cannot be read to its end.
            NoSpace, NotWritable, Integrity: as `put`.
        """
        digest = hashlib.sha256()
        with path.open("rb") as source:

            def copy(target: BinaryIO) -> None:
                while chunk := _read_chunk(source, path):
                    digest.update(chunk)
                    _write_all(target, chunk)

            return self._write(copy, digest.hexdigest)

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a blob, hashed again before they are handed out.

        Raises:
            Integrity: the blob is missing, or its bytes are not those that were stored.
        """
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise missing_blob(sha256) from None
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise _changed(sha256, found)
        return data

    def hash_of(self, sha256: str) -> str:
        """Hash a stored blob again in chunks and return what its bytes hash to now.

        Raises:
            Integrity: the blob is missing or cannot be read.
        """
        try:
            with self.path(sha256).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise missing_blob(sha256) from None
        except OSError as fault:
            raise _changed(sha256, f"a read error ({fault.strerror})") from fault

    def path(self, sha256: str) -> Path:
        """Return where a blob lies or would lie.

        Raises:
            BadRecord: `sha256` is not 64 lower-case hexadecimal digits.
        """
        require_sha256("a blob's name", sha256)
        return self.root / sha256[:2] / sha256[2:]

    def exists(self, sha256: str) -> bool:
        """Say whether a blob of that name is stored."""
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes of a blob; 0 where it is missing, which reading it says more clearly."""
        path = self.path(sha256)
        return path.stat().st_size if path.is_file() else 0

    def destroy(self, sha256: str) -> bool:
        """Remove a blob that no row names any more; give whether it was there.

        Raises:
            NotWritable: the folder may not be written.
        """
        path = self.path(sha256)
        with _clear_disk_errors(path):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            return True

    def iter_hashes(self) -> Iterator[str]:
        """Yield the names of all stored blobs in rising order, one folder in memory at a time."""
        for shard in sorted(entry.name for entry in self.root.iterdir() if len(entry.name) == 2):
            yield from sorted(shard + entry.name for entry in (self.root / shard).iterdir())

    def iter_unfinished(self) -> Iterator[Path]:
        """Yield temporary files that a stopped process left; they may be deleted when none runs."""
        yield from sorted(self.root.glob(f"{_TEMPORARY}*"))

    def _holds(self, sha256: str, size: int) -> bool:
        """Say whether the blob is there at its full size (a truncated one is written afresh)."""
        try:
            return self.path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def _write(self, fill: Callable[[BinaryIO], None], name: Callable[[], str]) -> str:
        """Fill a temporary file, flush it, and give it its name; leave nothing on failure."""
        with _clear_disk_errors(self.root):
            number, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=self.root)
            try:
                with os.fdopen(number, "wb", buffering=0) as file:
                    fill(file)
                    os.fsync(file.fileno())
                    os.fchmod(file.fileno(), 0o444)
                sha256 = name()
                self._name(temporary, self.path(sha256))
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
                raise
        return sha256

    def _name(self, temporary: str, target: Path) -> None:
        """Rename into place and flush the folders, so that the name outlives a power cut."""
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            flush_folder(self.root)
        os.replace(temporary, target)
        flush_folder(target.parent)


def flush_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def disk_error(fault: OSError, place: Path) -> RegistryError:
    """Say in the user's words what the disk refused.

    Args:
        fault: what the system call reported.
        place: the folder or file that was to be written.
    """
    if fault.errno in _FULL:
        return NoSpace(
            expected=f"room on the disk of {place}",
            found="a full disk or quota",
            action="Free some space and start the same command again; it goes on where it stopped.",
        )
    if fault.errno in _FORBIDDEN:
        return NotWritable(
            expected=f"{place} to be writable",
            found=fault.strerror or "no permission",
            action="Give this user write access, or set another folder with FACTORY_GEN_HOME.",
        )
    return Integrity(
        expected=f"the disk of {place} to keep what is written",
        found=fault.strerror or str(fault),
        action="Check the disk. The bytes in flight were not stored; run `factory-gen verify` afterwards.",
    )


@contextlib.contextmanager
def _clear_disk_errors(place: Path) -> Iterator[None]:
    """Turn a failed system call on the store into a registry error."""
    try:
        yield
    except OSError as fault:
        raise disk_error(fault, place) from fault


def _read_chunk(source: BinaryIO, path: Path) -> bytes:
    """Read on; a fault of the file that comes in is not a fault of the store."""
    try:
        return source.read(_CHUNK)
    except OSError as fault:
        raise BadRecord(
            expected=f"{path} to be readable to its end",
            found=fault.strerror or str(fault),
            action="Copy the file to this machine's disk and start again.",
        ) from fault


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write every byte: an unbuffered file may take fewer than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file.fileno(), rest) :]


def missing_blob(sha256: str) -> Integrity:
    """What to say of a blob that should be there and is not."""
    return Integrity(
        expected=f"the stored bytes {sha256[:12]}...",
        found="no such blob",
        action="Run `factory-gen verify`: it says which file to restore where.",
    )


def _changed(sha256: str, found: str) -> Integrity:
    return Integrity(
        expected=f"bytes that hash to {sha256[:12]}...",
        found=found if len(found) != 64 else f"bytes that hash to {found[:12]}...",
        action="The disk or somebody changed the file. Run `factory-gen verify`: it says what to restore where.",
    )
