"""Folders that are named by what their pictures are: the work that `ok_ng` and `anomalib` share.

A folder of defective pictures may have a subfolder per type. Masks lie in a mask folder at the root, in one
inside the defect folder, or beside the picture as `<name>_mask`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data_registry.layouts.found import GENERIC_TYPE, Finding, Found, Leftover, MaskFiles, Rejected
from data_registry.layouts.mask_names import is_mask_beside, masks_in, pictures_of_mask
from data_registry.layouts.walk import files_in, pictures_below, subfolders

MASK_FOLDERS = frozenset({"mask", "masks", "mask_dir", "ground_truth", "gt"})


@dataclass(frozen=True, slots=True)
class Roles:
    """What each folder at the root is.

    Attributes:
        good: folder of good pictures -> "train", "test" or None.
        defects: folders of defective pictures -> their type, or None where subfolders name the types.
        masks: folders of masks.
    """

    good: dict[str, str | None]
    defects: dict[str, str | None]
    masks: tuple[str, ...]


def scan_roles(root: Path, roles: Roles) -> Iterator[Finding]:
    """Yield what the folders hold, one file at a time."""
    for finding in files_in(root):
        yield Leftover(finding, "outside-layout") if isinstance(finding, str) else finding
    for folder in subfolders(root):
        if folder in roles.good:
            yield from _good(root, folder, roles.good[folder])
        elif folder in roles.defects:
            yield from _defects(root, folder, roles)
        elif folder not in roles.masks:
            yield Leftover(f"{folder}/", "outside-layout")
    for folder in roles.masks:
        yield from _unmatched_masks(root, folder, roles)


def _good(root: Path, folder: str, hint: str | None) -> Iterator[Finding]:
    for finding in pictures_below(root, folder):
        if isinstance(finding, str):
            yield Found(relative_path=finding, kind="good", hint=hint)
        else:
            yield finding


def _defects(root: Path, folder: str, roles: Roles) -> Iterator[Finding]:
    inner_masks = [name for name in subfolders(root, folder) if name.lower() in MASK_FOLDERS]
    for finding in pictures_below(root, folder):
        if isinstance(finding, Leftover | Rejected):
            yield finding
            continue
        inside = PurePosixPath(finding).relative_to(folder)
        if inside.parts[0] in inner_masks:
            if not _pictures_of(root, finding, f"{folder}/{inside.parts[0]}", [folder]):
                yield Leftover(finding, "mask-without-image")
        elif is_mask_beside(root, finding):
            continue
        else:
            yield _defect(root, folder, inside, roles, inner_masks)


def _defect(root: Path, folder: str, inside: PurePosixPath, roles: Roles, inner_masks: list[str]) -> Finding:
    named = roles.defects[folder]
    defect_type = named or (inside.parts[0] if len(inside.parts) > 1 else GENERIC_TYPE)
    path = f"{folder}/{inside}"
    masks = _masks_of(root, folder, inside, roles, inner_masks)
    rivals = _rivals(root, path, masks, roles)
    if rivals:
        return Rejected(
            relative_path=path,
            reason="mask-ambiguous",
            expected="a mask that belongs to one picture",
            found=f"{masks[0]}, which also fits {rivals[0]}",
            action="Put the masks into subfolders named like those of the pictures.",
        )
    return Found(
        relative_path=path,
        kind="defect",
        defect_type=defect_type,
        mask=MaskFiles(masks) if masks else None,
    )


def _masks_of(
    root: Path, folder: str, inside: PurePosixPath, roles: Roles, inner_masks: list[str]
) -> tuple[str, ...]:
    """All masks of a picture, from the closest mask folder and from beside the picture."""
    below = str(inside.parent) if len(inside.parts) > 1 else ""
    found = list(masks_in(root, str(PurePosixPath(folder) / below), inside.stem, bare=False))
    places = [*(f"{folder}/{name}" for name in inner_masks), *roles.masks]
    for place in places:
        for closer in (f"{place}/{folder}/{below}", f"{place}/{below}", place):
            candidates = masks_in(root, closer.rstrip("/"), inside.stem)
            if candidates:
                found.extend(candidates)
                break
    return tuple(found)


def _rivals(root: Path, path: str, masks: tuple[str, ...], roles: Roles) -> list[str]:
    """Other pictures of the same name that an undivided mask folder could mean just as well."""
    folders = list(roles.defects)
    undivided = [mask for mask in masks if str(PurePosixPath(mask).parent) in roles.masks]
    if not undivided:
        return []
    places = folders + [f"{folder}/{name}" for folder in folders for name in subfolders(root, folder)]
    own = {path, *masks}
    return [other for other in pictures_of_mask(root, places, undivided[0]) if other not in own]


def _unmatched_masks(root: Path, masks: str, roles: Roles) -> Iterator[Finding]:
    for finding in pictures_below(root, masks):
        if isinstance(finding, Leftover | Rejected):
            yield finding
        elif not _pictures_of(root, finding, masks, list(roles.defects)):
            yield Leftover(finding, "mask-without-image")


def _pictures_of(root: Path, mask: str, masks: str, folders: list[str]) -> tuple[str, ...]:
    """The pictures that a mask file can belong to, wherever `_masks_of` would have looked from."""
    below = str(PurePosixPath(mask).relative_to(masks).parent)
    if below != ".":
        return pictures_of_mask(root, [below, *(f"{folder}/{below}" for folder in folders)], mask)
    inner = [f"{folder}/{name}" for folder in folders for name in subfolders(root, folder)]
    return pictures_of_mask(root, folders + [place for place in inner if place != masks], mask)
