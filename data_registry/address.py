"""The registry's address: which database a URL means, and whether we may use it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from data_registry.errors import NotWritable, Unreachable

_MOUNTS = Path("/proc/self/mountinfo")
# SQLite's shared memory and locks do not work across machines; such files get damaged.
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "glusterfs", "davfs", "ncpfs"}
    | {"fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs2", "fuse.smbnetfs"}
)
_FORMS = "sqlite:////folder/registry.sqlite3 or postgresql://user:password@host/database"


def parse_address(text: str) -> URL:
    """Return the database URL that `text` means, its driver filled in.

    Raises:
        Unreachable: not a URL, an unknown kind of database, or SQLite without a file.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise _not_an_address("something that is no URL") from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise _not_an_address("an SQLite address without a file")
        return url.set(drivername="sqlite+pysqlite")
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise _not_an_address(f"the kind {kind!r}")


def sqlite_path(url: URL) -> Path | None:
    """Return the file of an SQLite address, None for a server."""
    if not url.drivername.startswith("sqlite"):
        return None
    return Path(url.database or "").absolute()


def refuse_network_drive(path: Path, mounts: str | None = None) -> None:
    """Refuse an SQLite file on a network drive, as far as the mount table tells.

    Args:
        path: the database file, whether or not it exists yet.
        mounts: text in the form of Linux' /proc/self/mountinfo; read from there by default.

    Raises:
        NotWritable: the file would lie on a network drive.
    """
    if mounts is None:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.exists() else ""
    kind = _file_system(path.resolve(), mounts)
    if kind in _NETWORK:
        raise NotWritable(
            expected="the registry's SQLite file on a disk of this machine",
            found=f"{path} on a network drive ({kind})",
            action="Put FACTORY_GEN_HOME on a local disk, or use PostgreSQL through registry_url.",
        )


def _file_system(path: Path, mounts: str) -> str:
    """Return the kind of the innermost mount that holds `path`, "" if the table does not say."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        # Blanks, tabs and backslashes in a mount point are written as octal numbers.
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        if path.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), after.split()[0]
    return kind


def _not_an_address(found: str) -> Unreachable:
    # The text itself is not repeated: it may hold a password.
    return Unreachable(expected=f"registry_url like {_FORMS}", found=found, action="Correct registry_url.")
