"""What goes into an export: one synthetic picture with its mask and lineage, or one real good picture."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from factory_gen.errors import IntegrityError, UsageError

LINEAGE_KEYS = (
    "sample_id",
    "source_image",
    "source_sha256",
    "defect_type",
    "model_version",
    "recipe_sha256",
    "seed",
    "solver",
    "steps",
    "audit",
)
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_STEM = re.compile(r"\w[\w\-]*")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExportItem:
    """One synthetic picture.

    Attributes:
        name: file name without suffix, unique in the export: letters, digits, `_` and `-`.
        image_png: the picture's PNG bytes, written as they are.
        mask: (H,W) bool, True = defect, same size as the picture, at least one True.
        defect_type: the label, in the plant's own words.
        lineage: where the picture comes from; at least `LINEAGE_KEYS`. `source_image` is relative to the
            ingested folder.

    Raises:
        UsageError: the name or the lineage is off.
        IntegrityError: picture and mask are not what they should be.
    """

    name: str
    image_png: bytes
    mask: np.ndarray
    defect_type: str
    lineage: Mapping[str, object]

    def __post_init__(self) -> None:
        _check_stem(self.name)
        missing = [key for key in LINEAGE_KEYS if key not in self.lineage]
        if missing or self.lineage["defect_type"] != self.defect_type:
            raise UsageError(
                expected=f"a lineage with {', '.join(LINEAGE_KEYS)} for a {self.defect_type!r}",
                found=f"{self.name} without {', '.join(missing)}" if missing else "another defect type",
                action="Give the full lineage of every sample.",
            )
        size = png_size(self.image_png, self.name)
        if self.mask.dtype != np.bool_ or self.mask.shape != size or not self.mask.any():
            raise IntegrityError(
                expected=f"a bool mask of shape {size} with a defect in it for {self.name}",
                found=f"{self.mask.dtype} of shape {self.mask.shape}, {int(self.mask.sum())} pixels set",
                action="Run `factory-gen verify`; the stored picture or mask is not what was generated.",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoodImage:
    """One real good picture of the plant that goes along, so that a trainer can start at once.

    Attributes:
        name: file name without suffix.
        suffix: file suffix with its dot, lower case.
        data: file bytes, written as they are.
        height, width: size in pixels.
        source_image: path relative to the ingested folder.
        source_sha256: hash of the plant's original file.
        stored: "original bytes", or "decoded to PNG" where the format's reader could not take the original.
    """

    name: str
    suffix: str
    data: bytes
    height: int
    width: int
    source_image: str
    source_sha256: str
    stored: str = "original bytes"

    def __post_init__(self) -> None:
        _check_stem(self.name)
        if not re.fullmatch(r"\.[a-z0-9]+", self.suffix):
            raise UsageError(
                expected="a lower case suffix such as .png",
                found=repr(self.suffix),
                action="Take the suffix of the source image.",
            )


def png_size(data: bytes, name: str) -> tuple[int, int]:
    """(height, width) in pixels as written in a PNG's header; `IntegrityError` if it is no PNG."""
    if len(data) < 24 or not data.startswith(_PNG_HEAD):
        raise IntegrityError(
            expected=f"{name} as a PNG file",
            found=f"{len(data)} bytes that do not start like one",
            action="Run `factory-gen verify`; the stored picture is damaged.",
        )
    width, height = struct.unpack(">II", data[16:24])
    return int(height), int(width)


def mask_digest(mask: np.ndarray) -> bytes:
    """SHA-256 over the shape and the bits of a (H,W) bool mask: equal digests, equal masks."""
    shape = struct.pack(">II", *mask.shape)
    return hashlib.sha256(shape + np.packbits(mask).tobytes()).digest()


def _check_stem(name: str) -> None:
    if not _STEM.fullmatch(name):
        raise UsageError(
            expected="a file name of letters, digits, '_' and '-'",
            found=repr(name),
            action="Make names with factory_gen.export.names.",
        )
