"""What a layout says about the files of a folder, before any of them is opened.

A layout yields three kinds of findings: `Found` (a picture and what it is), `Leftover` (a file that plays no
part, listed or counted), and `Rejected` (a file that was meant and cannot be used, with advice).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data_registry.errors import RegistryError

GENERIC_TYPE = "defect"  # type of a defect whose folder does not name one

Box = tuple[float, float, float, float]  # x, y, width, height in pixels


class LayoutRefused(RegistryError):
    """The whole folder or archive cannot be used; nothing was written.

    Args:
        reason: short code such as `empty-folder`, `zip-unsafe-name`.
        expected: what would have been right.
        found: what was there instead.
        action: what the user can do next.
    """

    exit_code = 3

    def __init__(self, reason: str, *, expected: str, found: str, action: str) -> None:
        self.reason = reason
        super().__init__(expected=expected, found=found, action=action)


@dataclass(frozen=True, slots=True)
class MaskFiles:
    """A mask in a file of its own; several only where the layout found more than one for a picture."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MaskShapes:
    """A mask as COCO segmentations (polygon lists or RLE objects), as they stand in the file, unchecked.

    `width` and `height` are what the file says of its picture, None where it is silent.
    """

    segmentations: tuple[Any, ...]
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class MaskInBoxes:
    """The part of a mask file that lies inside these boxes (annotated boxes of one defect type)."""

    paths: tuple[str, ...]
    boxes: tuple[Box, ...]


MaskSource = MaskFiles | MaskShapes | MaskInBoxes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One picture of the plant.

    Attributes:
        relative_path: path below the scanned folder, with forward slashes.
        kind: "good" or "defect".
        defect_type: the type's name for a defect, None for a good picture.
        mask: where its mask is, None when there is none.
        hint: "train" or "test" where the layout has such folders, None elsewhere.
    """

    relative_path: str
    kind: str
    defect_type: str | None = None
    mask: MaskSource | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file or folder that plays no part.

    `reason` is one of `system-file`, `other-file`, `outside-layout`, `mask-without-image`,
    `annotation-without-image`.
    """

    relative_path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A file that was meant and cannot be used; the rest of the folder goes on."""

    relative_path: str
    reason: str
    expected: str
    found: str
    action: str


Finding = Found | Leftover | Rejected
