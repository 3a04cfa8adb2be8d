"""Zips that were sent by a browser: kept under home by their hash until they are taken in."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

from factory_gen.errors import InputRefused
from pipelines.errors import from_os_error
from pipelines.settings import Settings

CHUNK = 1 << 20
LARGEST = 10 << 30


def keep_upload(settings: Settings, file: IO[bytes]) -> Path:
    """Write a sent file to `home/uploads/<hash>.zip`; the same bytes again are the same file.

    Raises:
        InputRefused: larger than 10 GB.
        NoSpace, NotPermitted: the disk does not take it.
    """
    folder = settings.home / "uploads"
    found, size = hashlib.sha256(), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy:
            try:
                while block := file.read(CHUNK):
                    size += len(block)
                    if size > LARGEST:
                        raise InputRefused(
                            expected="an upload of at most 10 GB",
                            found="more",
                            action="Copy it to the server and name its folder instead.",
                        )
                    found.update(block)
                    copy.write(block)
            except BaseException:
                Path(copy.name).unlink(missing_ok=True)
                raise
        path = folder / f"{found.hexdigest()}.zip"
        os.replace(copy.name, path)
        return path
    except OSError as error:
        if (refusal := from_os_error(error)) is not None:
            raise refusal from error
        raise
