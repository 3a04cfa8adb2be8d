"""Read one file of a folder that somebody else may be changing, or that lies on a shared drive."""

from __future__ import annotations

import stat
from pathlib import Path

from factory_gen.images.refused import ImageRefused

MAX_BYTES = 1 << 30  # the largest picture that the reader accepts has 600 MB of pixels


def read_bytes(root: Path, relative: str) -> bytes:
    """Read a file whole.

    Raises:
        ImageRefused: `unreadable`, or `too-large` (nothing is read then).
    """
    path = root / relative
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise _refused("unreadable", relative, "a real file", "something else")
        if status.st_size > MAX_BYTES:
            raise _refused(
                "too-large", relative, f"at most {MAX_BYTES >> 20} MB", f"{status.st_size >> 20} MB"
            )
        return path.read_bytes()
    except OSError as fault:
        raise _refused(
            "unreadable", relative, "a readable file", fault.strerror or type(fault).__name__
        ) from fault


def _refused(reason: str, name: str, expected: str, found: str) -> ImageRefused:
    action = "Check the access rights and the connection to the drive, then ingest again; it goes on where it stopped."
    return ImageRefused(reason, name, expected=expected, found=found, action=action)
