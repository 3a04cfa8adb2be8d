"""A folder that appears all at once: written beside its target, renamed at the end, or gone without a trace."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from factory_gen.errors import InputRefused, NoSpace
from factory_gen.export.manifest import MANIFEST
from factory_gen.export.tree import Tree, hash_folder, sync_path

_LOCK = ".writing"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def staged(target: Path) -> Iterator[Tree]:
    """Give a `Tree` in a temporary folder beside `target`; whatever happens, that folder is gone afterwards.

    Left-overs of exports to the same target that were killed are removed first.

    Raises:
        NoSpace: the disk filled up while the folder was being written.
        InputRefused: the target cannot become an export.
        PermissionError: the target's parent cannot be written.
    """
    target = target.absolute()
    refuse_foreign(target)
    missing = [path for path in target.parents if not path.exists()]
    try:
        folder = _prepare(target)
        try:
            with FileLock(folder / _LOCK):
                (folder / "tree").mkdir()
                yield Tree(folder / "tree")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        if error.errno in _FULL:
            raise _no_space(target) from error
        raise
    finally:
        _remove_empty(missing)


def publish(tree: Tree, target: Path) -> bool:
    """Sync the tree and rename it to `target`.

    Returns:
        False if an export with exactly these files was there already; then nothing is changed.

    Raises:
        InputRefused: the target holds something else.
    """
    target = target.absolute()
    tree.sync()
    try:
        # Takes the place of an empty folder, never of one that holds something.
        os.rename(tree.root, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if hash_folder(target) == tree.files:
            return False
        raise InputRefused(
            expected=f"{target} to be free, or to hold this very export",
            found="an export with other content, or one edited by hand",
            action="Choose another folder with --out, or move the old one away.",
        ) from error
    sync_path(target.parent)
    return True


def refuse_foreign(target: Path) -> None:
    """Raise `InputRefused` if `target` can be seen, before any work, not to be an earlier export."""
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        found = "a link" if target.is_symlink() else "a file"
    elif any(target.iterdir()) and not (target / MANIFEST).is_file():
        found = "a folder with other files in it"
    else:
        return
    raise InputRefused(
        expected=f"{target} not to exist yet",
        found=found,
        action="Choose another folder with --out; an export never writes over what is there.",
    )


def _prefix(target: Path) -> str:
    return f".{target.name}.partial-"


def _sweep(target: Path) -> None:
    """Remove what killed exports to the same target left; a folder that is still locked is in use."""
    left = [path for path in target.parent.iterdir() if path.name.startswith(_prefix(target))]
    for old in (path for path in left if (path / _LOCK).exists()):
        try:
            with FileLock(old / _LOCK, timeout=0):
                shutil.rmtree(old, ignore_errors=True)
        except Timeout:
            continue


def _prepare(target: Path) -> Path:
    """Make the temporary folder, and the target's parents where they are missing."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        return Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    except OSError as error:
        if error.errno in (*_FULL, errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise InputRefused(
            expected=f"to be able to write beside {target}",
            found=error.strerror or str(error),
            action="Choose a folder that can be written with --out.",
        ) from error


def _remove_empty(folders: list[Path]) -> None:
    """Remove the parents that were made, deepest first, as far as nothing was put into them."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _no_space(target: Path) -> NoSpace:
    return NoSpace(
        expected=f"enough room on the disk of {target}",
        found="a full disk (nothing was left behind)",
        action="Free some space or choose another disk with --out.",
    )
