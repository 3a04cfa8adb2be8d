"""Which mask belongs to which picture, by name.

The rule: a mask has its picture's stem, exact to the letter, with or without `_mask` behind it, and any picture
suffix. It is looked up on the disk for each picture, so that memory does not grow with the folder.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from data_registry.layouts.walk import READABLE_SUFFIXES, is_plain_file

MASK_ENDING = "_mask"
_SUFFIXES = tuple(
    sorted(READABLE_SUFFIXES, key=lambda suffix: (suffix != ".png", suffix))
    + sorted(suffix.upper() for suffix in READABLE_SUFFIXES)
)


def masks_in(root: Path, folder: str, stem: str, *, bare: bool = True) -> tuple[str, ...]:
    """Relative paths of the masks in `root/folder` for a picture of this stem, usually none or one.

    Args:
        root: the scanned folder.
        folder: the mask folder below it.
        stem: the picture's name without its suffix.
        bare: whether a mask may also lack the `_mask` ending.
    """
    names = [stem + MASK_ENDING, stem] if bare else [stem + MASK_ENDING]
    return tuple(_existing(root, folder, names))


def pictures_of_mask(root: Path, folders: list[str], mask: str) -> tuple[str, ...]:
    """Relative paths of the pictures in these folders that a mask file belongs to."""
    stem = PurePosixPath(mask).stem
    stems = [stem, stem.removesuffix(MASK_ENDING)] if stem.endswith(MASK_ENDING) else [stem]
    return tuple(path for folder in folders for path in _existing(root, folder, stems))


def is_mask_beside(root: Path, path: str) -> bool:
    """Say whether a file in a picture folder is the mask of the picture beside it."""
    place = PurePosixPath(path)
    if not place.stem.endswith(MASK_ENDING):
        return False
    return bool(list(_existing(root, str(place.parent), [place.stem.removesuffix(MASK_ENDING)])))


def _existing(root: Path, folder: str, stems: list[str]) -> list[str]:
    place = root / folder
    found = [
        f"{folder}/{stem}{suffix}" if folder not in ("", ".") else stem + suffix
        for stem in stems
        for suffix in _SUFFIXES
        if is_plain_file(place / (stem + suffix))
    ]
    # a disk that does not tell cases apart shows the same file under `.png` and `.PNG`
    seen: set[tuple[int, int]] = set()
    distinct = []
    for path in found:
        status = (root / path).stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            distinct.append(path)
    return distinct
