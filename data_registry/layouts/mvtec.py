"""The MVTec-AD tree: `train/good`, `test/good`, `test/<type>`, masks in `ground_truth/<type>/<name>_mask.png`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from data_registry.layouts.found import Finding, Found, Leftover, MaskFiles, Rejected
from data_registry.layouts.mask_names import masks_in, pictures_of_mask
from data_registry.layouts.walk import files_in, pictures_below, subfolders

PHASES = ("train", "test")
MASKS = "ground_truth"
GOOD_NAMES = frozenset({"good", "ok", "normal"})


def matches(root: Path) -> bool:
    """Say whether the folder looks like an MVTec-AD tree."""
    folders = set(subfolders(root))
    with_good = any((root / phase / "good").is_dir() for phase in PHASES if phase in folders)
    return with_good or {"test", MASKS} <= folders


def scan(root: Path) -> Iterator[Finding]:
    """Yield what the tree holds, one file at a time."""
    for finding in files_in(root):
        yield Leftover(finding, "outside-layout") if isinstance(finding, str) else finding
    for folder in subfolders(root):
        if folder in PHASES:
            yield from _phase(root, folder)
        elif folder == MASKS:
            yield from _unmatched_masks(root)
        else:
            yield Leftover(f"{folder}/", "outside-layout")


def _phase(root: Path, phase: str) -> Iterator[Finding]:
    for finding in files_in(root, phase):
        yield Leftover(finding, "outside-layout") if isinstance(finding, str) else finding
    for kind in subfolders(root, phase):
        good = kind.lower() in GOOD_NAMES
        with_masks = (root / MASKS / kind).is_dir()
        for finding in pictures_below(root, f"{phase}/{kind}"):
            if isinstance(finding, Leftover | Rejected):
                yield finding
                continue
            yield Found(
                relative_path=finding,
                kind="good" if good else "defect",
                defect_type=None if good else kind,
                mask=_mask(root, finding) if with_masks else None,
                hint=phase,
            )


def _mask(root: Path, picture: str) -> MaskFiles | None:
    place = PurePosixPath(picture)
    folder = "/".join((MASKS, *place.parent.parts[1:]))
    paths = masks_in(root, folder, place.stem)
    return MaskFiles(paths) if paths else None


def _unmatched_masks(root: Path) -> Iterator[Finding]:
    for finding in pictures_below(root, MASKS):
        if isinstance(finding, Leftover | Rejected):
            yield finding
            continue
        rest = PurePosixPath(finding).parent.parts[1:]
        folders = ["/".join((phase, *rest)) for phase in PHASES]
        if not pictures_of_mask(root, folders, finding):
            yield Leftover(finding, "mask-without-image")
