"""Stored bytes that several boxes share: a folder or a bucket reached through fsspec, and a copy on this box's disk.

The remote store is the truth: a blob counts as stored when it is there, under the same name and layout as on a disk
(`ab/cdef...`). The local folder is a memory of what this box has written or read; it may be emptied at any time. Bytes
are hashed again when they come back, so a remote that changed them is noticed.

Object stores make a finished upload visible in one step. Folders (`file://`) do not; there the upload gets its name by
a rename.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec

from data_registry.errors import Integrity, NotWritable, RegistryError, Unreachable
from data_registry.storage import BlobStore, missing_blob

_CHUNK = 1 << 20
_NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})$")
_RENAMED = frozenset({"file", "local", "sftp", "smb", "nfs"})


class SharedBlobStore(BlobStore):
    """Bytes in a remote store, named by their SHA-256, with a local copy.

    Args:
        root: folder of the local copies; made when missing.
        url: of the remote store, such as `s3://bucket/folder` or `file:///mnt/share/blobs`.

    Raises:
        Unreachable: no such protocol, package, bucket or server.
        NotWritable: the credentials are wrong or may not write.
    """

    def __init__(self, root: Path, url: str) -> None:
        super().__init__(root)
        self.url = url
        with _clear_remote_errors(url):
            # other boxes write here, too: what was listed a moment ago says nothing about now
            self._fs, base = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self._base = base.rstrip("/")
        protocol = self._fs.protocol
        self._renames = bool(_RENAMED & set((protocol,) if isinstance(protocol, str) else protocol))
        self._prove()

    def put(self, data: bytes) -> str:
        """As `BlobStore.put`; returns when the remote store has the bytes.

        Raises:
            NoSpace, NotWritable, Integrity: of this box's disk.
            Unreachable, NotWritable: of the remote store.
        """
        sha256 = super().put(data)
        self._send(sha256)
        return sha256

    def put_file(self, path: Path) -> str:
        """As `BlobStore.put_file`; returns when the remote store has the bytes."""
        sha256 = super().put_file(path)
        self._send(sha256)
        return sha256

    def read(self, sha256: str) -> bytes:
        """As `BlobStore.read`; what is not on this box is fetched and kept."""
        if not self.path(sha256).is_file():
            self._fetch(sha256)
        return super().read(sha256)

    def hash_of(self, sha256: str) -> str:
        """Hash the remote bytes again in chunks, whatever this box remembers.

        Raises:
            Integrity: the blob is missing.
            Unreachable: the remote store does not answer.
        """
        digest = hashlib.sha256()
        with _clear_remote_errors(self.url):
            if self._remote_size(sha256) is None:
                raise missing_blob(sha256)
            with self._fs.open(self._place(sha256), "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()

    def exists(self, sha256: str) -> bool:
        """Say whether the remote store has a blob of that name."""
        with _clear_remote_errors(self.url):
            return self._remote_size(sha256) is not None

    def size(self, sha256: str) -> int:
        """Bytes of a blob; 0 where it is missing."""
        with _clear_remote_errors(self.url):
            return self._remote_size(sha256) or 0

    def destroy(self, sha256: str) -> bool:
        """Remove a blob everywhere that this box can reach; give whether the remote store had it."""
        super().destroy(sha256)
        with _clear_remote_errors(self.url):
            if self._remote_size(sha256) is None:
                return False
            self._fs.rm_file(self._place(sha256))
        return True

    def iter_hashes(self) -> Iterator[str]:
        """Yield the names of all remote blobs in rising order."""
        with _clear_remote_errors(self.url):
            found = self._fs.find(self._base) if self._fs.exists(self._base) else []
        yield from sorted("".join(match.groups()) for match in map(_NAME.search, found) if match is not None)

    def _place(self, sha256: str) -> str:
        path = self.path(sha256)
        return f"{self._base}/{path.parent.name}/{path.name}"

    def _remote_size(self, sha256: str) -> int | None:
        """Bytes of a remote blob in one question; None where it is missing."""
        try:
            return int(self._fs.info(self._place(sha256))["size"])
        except FileNotFoundError:
            return None

    def _send(self, sha256: str) -> None:
        """Upload a blob of this box unless the remote store has it at its full size."""
        local, place = self.path(sha256), self._place(sha256)
        with _clear_remote_errors(self.url):
            if self._remote_size(sha256) == local.stat().st_size:
                return
            if not self._renames:
                self._fs.put_file(str(local), place)
                return
            self._fs.makedirs(f"{self._base}/{local.parent.name}", exist_ok=True)
            waiting = f"{self._base}/.incoming-{uuid.uuid4().hex}"
            self._fs.put_file(str(local), waiting)
            self._fs.mv(waiting, place)

    def _fetch(self, sha256: str) -> None:
        with _clear_remote_errors(self.url):
            try:
                data = self._fs.cat_file(self._place(sha256))
            except FileNotFoundError:
                raise missing_blob(sha256) from None
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise Integrity(
                expected=f"bytes that hash to {sha256[:12]}... in {self.url}",
                found=f"bytes that hash to {found[:12]}...",
                action="Somebody changed the store. Run `factory-gen verify`: it says what to restore where.",
            )
        super().put(data)

    def _prove(self) -> None:
        """Write and remove a small file, so that a wrong address or key is told before any work is done."""
        probe = f"{self._base}/.probe-{uuid.uuid4().hex}"
        with _clear_remote_errors(self.url):
            if self._renames:
                self._fs.makedirs(self._base, exist_ok=True)
            self._fs.pipe_file(probe, b"factory_gen")
            self._fs.rm_file(probe)


@contextlib.contextmanager
def _clear_remote_errors(url: str) -> Iterator[None]:
    """Turn what a backend of fsspec raises into a registry error."""
    try:
        yield
    except RegistryError:
        raise
    except PermissionError as fault:
        raise NotWritable(
            expected=f"stored bytes to be readable and writable in {url}",
            found=str(fault) or "no permission",
            action="Check the credentials (for S3: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and their rights.",
        ) from fault
    except ImportError as fault:
        raise Unreachable(
            expected=f"a package that reaches {url}",
            found=str(fault),
            action="Install it on each box, for S3: pip install 'factory-gen[s3]'.",
        ) from fault
    except Exception as fault:  # each backend has exceptions of its own, of no common kind
        raise Unreachable(
            expected=f"a store of bytes at {url}",
            found=str(fault) or type(fault).__name__,
            action="Check FACTORY_GEN_BLOBS_URL, that the bucket or folder is there, and that its server answers.",
        ) from fault
