"""A folder of results that appears at once: written beside its place, then renamed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory_gen.errors import InputRefused


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """Gives a temporary sibling of `out` to write into; renames it at the end, removes it on failure.

    Raises:
        InputRefused: `out` is there already and not an empty folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputRefused(
            expected=f"a new or empty folder for the results at {out}",
            found="files that would be overwritten",
            action="Choose another --out, or remove the folder.",
        )
    staging = out.with_name(f".{out.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        yield staging
        if out.exists():
            out.rmdir()
        staging.rename(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
