"""From where a layout says that a mask is, to the mask: files, COCO shapes, or a file's part inside boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data_registry.layouts.found import MaskFiles, MaskInBoxes, MaskShapes, MaskSource
from factory_gen.images.decode import turned
from factory_gen.images.files import Picture, read_mask
from factory_gen.images.refused import ImageRefused
from pipelines.intake.coco_shapes import shape_mask
from pipelines.intake.options import IngestOptions
from pipelines.intake.read_file import read_bytes


def build_mask(
    root: Path, source: MaskSource, picture: Picture, name: str, options: IngestOptions
) -> np.ndarray:
    """Read or draw a picture's mask.

    Args:
        root: the scanned folder.
        source: what the layout says.
        picture: the decoded picture; its size and EXIF turn count.
        name: the picture's path, for refusals.
        options: threshold and joining.

    Returns:
        (H,W) bool; it may be empty.

    Raises:
        ImageRefused: the mask cannot be used.
    """
    if isinstance(source, MaskShapes):
        return _from_shapes(source, picture, name)
    if len(source.paths) > 1 and not options.join_masks:
        raise ImageRefused(
            "two-masks",
            name,
            expected="one mask",
            found=" and ".join(source.paths),
            action="Keep one of them, or ask for joined masks.",
        )
    mask = _from_files(root, source, picture, options)
    if isinstance(source, MaskInBoxes):
        mask &= _inside_boxes(source, mask.shape)
    return mask


def _from_files(
    root: Path, source: MaskFiles | MaskInBoxes, picture: Picture, options: IngestOptions
) -> np.ndarray:
    size = (picture.height, picture.width)
    joined = np.zeros(size, dtype=bool)
    for path in source.paths:
        joined |= read_mask(
            read_bytes(root, path), path, size=size, threshold=options.mask_threshold, turn=picture.turn
        )
    return joined


def _inside_boxes(source: MaskInBoxes, size: tuple[int, ...]) -> np.ndarray:
    """(H,W) bool: pixels that a box touches; boxes may reach beyond the picture."""
    inside = np.zeros(size, dtype=bool)
    for left, top, width, height in source.boxes:
        rows = slice(max(int(np.floor(top)), 0), max(int(np.ceil(top + height)), 0))
        columns = slice(max(int(np.floor(left)), 0), max(int(np.ceil(left + width)), 0))
        inside[rows, columns] = True
    return inside


def _from_shapes(source: MaskShapes, picture: Picture, name: str) -> np.ndarray:
    shown = (picture.height, picture.width)
    stored = shown if picture.turn < 5 else (picture.width, picture.height)
    # the annotation tool may have seen the picture as stored, or turned: the json's size says which
    stated = (source.height or shown[0], source.width or shown[1])
    if stated not in (shown, stored):
        raise ImageRefused(
            "annotation-size",
            name,
            expected=f"annotations for {shown[1]} x {shown[0]} pixels",
            found=f"{stated[1]} x {stated[0]} in the json",
            action="Annotate the picture at its own size.",
        )
    joined = np.zeros(stated, dtype=bool)
    for segmentation in source.segmentations:
        joined |= shape_mask(segmentation, stated, name)
    return joined if stated == shown else turned(joined, picture.turn)
