"""The first look at one picture: decode it with its masks, and keep only what the later steps need."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from data_registry.layouts.found import Found, MaskShapes
from factory_gen.images.files import Picture, encode_mask, read_picture
from factory_gen.images.refused import ImageRefused
from pipelines.intake.masks import build_mask
from pipelines.intake.options import IngestOptions
from pipelines.intake.read_file import read_bytes
from pipelines.intake.report import Refusal

THUMB = 32  # side of the thumbnail that look-alikes are found by
_FEW_PIXELS, _MUCH = 4, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One picture and defect type that can be taken in.

    Attributes:
        found: what the layout said.
        sha256: hash of the original bytes.
        width, height, mode, bit_depth, conversions: as decoded.
        deep: whether the pixels are 16 bit wide.
        thumb: THUMB * THUMB grey values, one byte each.
        mask_png: the encoded mask, None without one.
        warning: a code such as `tiny-mask`, None when all is usual.
    """

    found: Found
    sha256: str
    width: int
    height: int
    mode: str
    bit_depth: int
    deep: bool
    conversions: tuple[str, ...]
    thumb: bytes
    mask_png: bytes | None
    warning: str | None

    @property
    def mask_origin(self) -> str | None:
        """Where the mask came from, in the registry's words."""
        if self.mask_png is None:
            return None
        return "coco" if isinstance(self.found.mask, MaskShapes) else "file"


def check_picture(root: Path, founds: Sequence[Found], options: IngestOptions) -> list[Checked | Refusal]:
    """Decode one picture and the masks of all its defect types.

    Args:
        root: the scanned folder.
        founds: the findings that share one path, one for each defect type.
        options: the user's wishes.

    Returns:
        One result for each finding; a broken picture refuses them all.
    """
    path = founds[0].relative_path
    try:
        data = read_bytes(root, path)
        picture = read_picture(data, path, bit_depth=options.bit_depth)
    except ImageRefused as refusal:
        return [refused(path, refusal)]
    facts = _Facts(hashlib.sha256(data).hexdigest(), thumbnail(picture))
    results: list[Checked | Refusal] = []
    for found in founds:
        try:
            results.append(_check_finding(root, found, picture, facts, options))
        except ImageRefused as refusal:
            results.append(refused(path, refusal))
    return results


def refused(path: str, refusal: ImageRefused) -> Refusal:
    """A refusal as the report lists it."""
    return Refusal(
        path=path,
        reason=refusal.reason,
        expected=refusal.expected,
        found=refusal.found,
        action=refusal.action,
    )


def thumbnail(picture: Picture) -> bytes:
    """THUMB * THUMB grey values, one byte each, stretched to the picture's own range."""
    grey = picture.pixels if picture.channels == 1 else cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (THUMB, THUMB), interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = float(small.min()), float(small.max())
    return ((small - low) * (255.0 / max(high - low, 1.0))).round().astype(np.uint8).tobytes()


@dataclass(frozen=True, slots=True)
class _Facts:
    sha256: str
    thumb: bytes


def _check_finding(
    root: Path, found: Found, picture: Picture, facts: _Facts, options: IngestOptions
) -> Checked:
    mask = None
    if found.mask is not None:
        mask = build_mask(root, found.mask, picture, found.relative_path, options)
        _check_label(found, mask)
    if found.kind == "good":
        mask, found = None, dataclasses.replace(found, mask=None)
    return Checked(
        found=found,
        sha256=facts.sha256,
        width=picture.width,
        height=picture.height,
        mode=picture.mode,
        bit_depth=picture.bit_depth,
        deep=picture.pixels.dtype == np.uint16,
        conversions=picture.conversions,
        thumb=facts.thumb,
        mask_png=None if mask is None else encode_mask(mask),
        warning=None if mask is None else _odd_area(mask),
    )


def _check_label(found: Found, mask: np.ndarray) -> None:
    """A mask must say the same as the folder: something on a defect, nothing on a good picture."""
    if bool(mask.any()) == (found.kind == "defect"):
        return
    good = found.kind == "good"
    raise ImageRefused(
        "mask-on-good" if good else "mask-empty",
        found.relative_path,
        expected="no defect on a good picture" if good else "a mask with a defect",
        found=f"{int(mask.sum())} defect pixels" if good else "an empty mask",
        action="Decide which is right, the folder or the mask, and correct the other one.",
    )


def _odd_area(mask: np.ndarray) -> str | None:
    if int(mask.sum()) < _FEW_PIXELS:
        return f"a mask of fewer than {_FEW_PIXELS} pixels"
    if float(mask.mean()) > _MUCH:
        return f"a mask over more than {_MUCH:.0%} of the picture"
    return None
