"""Read a COCO json from outside: its shape is checked here, what its segmentations mean is checked later."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_registry.layouts.found import LayoutRefused
from data_registry.layouts.walk import is_plain_file, odd_name, subfolders

MAX_JSON_BYTES = 2_000_000_000
_LOOK = 1 << 16  # bytes read to recognise a file


@dataclass(slots=True)
class CocoImage:
    """One entry of `images` with its annotations as they stand in the file."""

    file_name: str
    width: int | None
    height: int | None
    annotations: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CocoFile:
    """One json: pictures by id, category names by id, ids of annotations that belong to no picture."""

    path: str
    images: dict[Any, CocoImage]
    categories: dict[Any, str]
    orphans: tuple[Any, ...]


def coco_files(root: Path) -> list[str]:
    """Relative paths of the COCO json files at the root, in `annotations/`, or in the folders below the root."""
    places = ["", *subfolders(root)]
    found = []
    for place in places:
        for path in sorted((root / place).glob("*.json")):
            if is_plain_file(path) and _looks_right(path):
                found.append(f"{place}/{path.name}" if place else path.name)
    return found


def read_coco(root: Path, relative: str) -> CocoFile:
    """Read and check one json.

    Raises:
        LayoutRefused: not JSON, too large, or not of COCO's shape.
    """
    content = _load(root / relative, relative)
    images: dict[Any, CocoImage] = {}
    for entry in _list_of_dicts(content, "images", relative):
        if not isinstance(entry.get("file_name"), str) or not isinstance(entry.get("id"), int | str):
            raise _refused(relative, "every entry of images to have an id and a file_name", f"{entry!r:.80}")
        images[entry["id"]] = CocoImage(
            entry["file_name"], _side(entry.get("width")), _side(entry.get("height"))
        )
    orphans = []
    for annotation in _list_of_dicts(content, "annotations", relative):
        target = annotation.get("image_id")
        if isinstance(target, int | str) and target in images:
            images[target].annotations.append(annotation)
        else:
            orphans.append(annotation.get("id"))
    return CocoFile(relative, images, _categories(content, relative), tuple(orphans))


def _categories(content: dict[str, Any], relative: str) -> dict[Any, str]:
    names: dict[Any, str] = {}
    for entry in _list_of_dicts(content, "categories", relative):
        name, number = entry.get("name"), entry.get("id")
        fine = isinstance(name, str) and name.strip() and not odd_name(name) and len(name) <= 200
        if not fine or not isinstance(number, int | str):
            raise _refused(relative, "every category to have an id and a plain name", f"{entry!r:.80}")
        names[number] = str(name).strip()
    return names


def _looks_right(path: Path) -> bool:
    """Say whether a json can be COCO's, from its beginning and its end, without reading it all."""
    with path.open("rb") as file:
        beginning = file.read(_LOOK)
        file.seek(max(0, path.stat().st_size - _LOOK))
        ends = beginning + file.read(_LOOK)
    return b'"images"' in ends or b'"annotations"' in ends


def _load(path: Path, relative: str) -> dict[str, Any]:
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise _refused(relative, f"at most {MAX_JSON_BYTES // 10**6} MB", f"{size // 10**6} MB")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as fault:
        raise _refused(relative, "a JSON file", f"{fault!s:.120}") from fault
    if not isinstance(content, dict):
        raise _refused(
            relative, "a JSON object with images, annotations and categories", type(content).__name__
        )
    return content


def _list_of_dicts(content: dict[str, Any], key: str, relative: str) -> list[dict[str, Any]]:
    value = content.get(key)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _refused(relative, f"a list of objects under {key!r}", f"{value!r:.60}")
    return value


def _side(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 < value < 1_000_000 else None


def _refused(relative: str, expected: str, found: str) -> LayoutRefused:
    return LayoutRefused(
        "bad-coco",
        expected=f"{expected} in {relative}",
        found=found,
        action="Export the annotations again as COCO, or choose another layout with --layout.",
    )
