"""COCO json files beside pictures: polygons, RLE or boxes, one finding per picture and defect type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from data_registry.layouts.coco_json import CocoFile, CocoImage, coco_files, read_coco
from data_registry.layouts.found import (
    Box,
    Finding,
    Found,
    Leftover,
    MaskFiles,
    MaskInBoxes,
    MaskShapes,
    MaskSource,
    Rejected,
)
from data_registry.layouts.mask_names import masks_in
from data_registry.layouts.mvtec import GOOD_NAMES
from data_registry.layouts.sorted_folders import MASK_FOLDERS
from data_registry.layouts.walk import inside, is_plain_file, pictures_below

_TEST_WORDS = frozenset({"test", "val", "valid", "validation"})


def matches(root: Path) -> bool:
    """Say whether a COCO json lies at one of the usual places."""
    return bool(coco_files(root))


def scan(root: Path) -> Iterator[Finding]:
    """Yield every picture that a json lists, then good pictures that none lists.

    A picture without annotations is good. A picture that no json lists is good when its folder is called
    `good`, `ok` or `normal`, and plays no part otherwise.

    Raises:
        LayoutRefused: a json is broken or not of COCO's shape.
    """
    listed: set[str] = set()
    for path in coco_files(root):
        content = read_coco(root, path)
        yield from (Leftover(f"{path}#{number}", "annotation-without-image") for number in content.orphans)
        for image in content.images.values():
            for finding in _image(root, content, image):
                listed.update(_paths(finding))
                yield finding
    yield from _unlisted(root, listed)


def _image(root: Path, content: CocoFile, image: CocoImage) -> Iterator[Finding]:
    path = _locate(root, content.path, image.file_name)
    if path is None:
        yield _rejected(
            image.file_name, "unsafe-path", "a path inside the folder", "one that leads out of it"
        )
        return
    if not is_plain_file(root / path):
        yield _rejected(path, "missing-image", f"the picture that {content.path} lists", "no such file")
        return
    if not image.annotations:
        yield Found(relative_path=path, kind="good", hint=_hint(path, content.path))
    by_type: dict[str | None, list[dict[str, Any]]] = {}
    for annotation in image.annotations:
        number = annotation.get("category_id")
        name = content.categories.get(number) if isinstance(number, int | str) else None
        by_type.setdefault(name, []).append(annotation)
    for defect_type, members in sorted(by_type.items(), key=lambda item: item[0] or ""):
        if defect_type is None:
            yield _rejected(path, "unknown-category", "a category id that the file lists", "another one")
            continue
        mask = _mask(root, path, image, members)
        if isinstance(mask, Rejected):
            yield mask
        else:
            yield Found(relative_path=path, kind="defect", defect_type=defect_type, mask=mask)


def _mask(
    root: Path, path: str, image: CocoImage, annotations: list[dict[str, Any]]
) -> MaskSource | Rejected | None:
    shapes = tuple(annotation.get("segmentation") for annotation in annotations)
    if all(shapes):
        return MaskShapes(shapes, image.width, image.height)
    # boxes alone do not outline a defect; a mask file can, and the boxes then say which part is of this type
    files = _mask_files(root, path)
    if not files:
        return None
    boxes = [_box(annotation.get("bbox")) for annotation in annotations]
    kept = tuple(box for box in boxes if box is not None)
    if len(kept) != len(boxes):
        return _rejected(path, "bad-box", "a box of four finite numbers with an area", "another one")
    return MaskInBoxes(files, kept)


def _mask_files(root: Path, path: str) -> tuple[str, ...]:
    place = PurePosixPath(path)
    parents = place.parent.parts
    found: list[str] = []
    for folder in sorted(MASK_FOLDERS):
        if (root / folder).is_dir():
            tails = ("/".join(parents[1:]), "/".join(parents), "")
            for tail in dict.fromkeys(tails):
                candidates = masks_in(root, f"{folder}/{tail}".rstrip("/"), place.stem)
                if candidates:
                    found.extend(candidates)
                    break
    return tuple(found)


def _box(value: Any) -> Box | None:
    """A COCO box [x, y, width, height], or None when it is none."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(part, int | float) and abs(part) < 1e9 for part in value):
        return None
    left, top, width, height = (float(part) for part in value)
    return (left, top, width, height) if width > 0 and height > 0 else None


def _locate(root: Path, json_path: str, file_name: str) -> str | None:
    """The picture's path below `root`: beside the json, below the root, or in the usual `images` folder."""
    here = str(PurePosixPath(json_path).parent)
    stem = PurePosixPath(json_path).stem.removeprefix("instances_")
    places = dict.fromkeys((here, "", "images", f"images/{stem}", stem))
    candidates = [
        inside(root, f"{place}/{file_name}" if place not in ("", ".") else file_name) for place in places
    ]
    if PurePosixPath(file_name).is_absolute() or candidates[0] is None:
        return None
    existing = (path for path in candidates if path is not None and is_plain_file(root / path))
    return next(existing, candidates[0])


def _hint(path: str, json_path: str) -> str | None:
    words = {part.lower() for part in PurePosixPath(path).parts}
    words.update(PurePosixPath(json_path).stem.lower().split("_"))
    words.update(part.lower() for part in PurePosixPath(json_path).parts)
    if words & _TEST_WORDS:
        return "test"
    return "train" if any(word.startswith("train") for word in words) else None


def _paths(finding: Finding) -> list[str]:
    paths = [finding.relative_path]
    if isinstance(finding, Found) and isinstance(finding.mask, MaskFiles | MaskInBoxes):
        paths.extend(finding.mask.paths)
    return paths


def _unlisted(root: Path, listed: set[str]) -> Iterator[Finding]:
    for finding in pictures_below(root, ""):
        if isinstance(finding, Leftover | Rejected):
            if not finding.relative_path.endswith(".json"):
                yield finding
        elif finding not in listed:
            parts = PurePosixPath(finding).parent.parts
            if parts and parts[-1].lower() in GOOD_NAMES and not MASK_FOLDERS.intersection(parts):
                yield Found(relative_path=finding, kind="good", hint=_hint(finding, ""))
            else:
                yield Leftover(finding, "outside-layout")


def _rejected(path: str, reason: str, expected: str, found: str) -> Rejected:
    return Rejected(
        relative_path=path,
        reason=reason,
        expected=expected,
        found=found,
        action="Correct the json, or copy the missing files, and ingest again.",
    )
