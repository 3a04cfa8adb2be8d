"""YOLO segmentation: images/, labels/ with one line per part of a defect, data.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Format, Labels, Placed, PlacedGood, ReadMask
from factory_gen.export.masks_on_disk import image_size
from factory_gen.export.outlines import pixel_outlines
from factory_gen.export.place import place_good, place_item
from factory_gen.export.tree import Tree

_YAML = "data.yaml"
_CONFIG = """\
# Ultralytics data configuration; paths are relative to this file.
# Every picture with a defect here is synthetic. `val` must name something: put your own real hold-out there.
train: images
val: images
names:
"""


def write(
    tree: Tree, items: Iterable[ExportItem], goods: Iterable[GoodImage], labels: Labels
) -> Iterator[Placed | PlacedGood]:
    """Put every picture in `images/`, its polygons in `labels/`, its lossless mask in `masks/`."""
    for item in items:
        tree.put(f"labels/{item.name}.txt", label_text(item.mask, labels.number(item.defect_type)).encode())
        yield place_item(tree, item, f"images/{item.name}.png", f"masks/{item.name}.png")
    for good in goods:
        # An empty label file says: looked at, nothing there.
        tree.put(f"labels/{good.name}.txt", b"")
        yield place_good(tree, good, "images")
    names = "".join(f"  {number}: {json.dumps(kind)}\n" for number, kind in enumerate(labels.types))
    tree.put(_YAML, (_CONFIG + names).encode())


def label_text(mask: np.ndarray, number: int) -> str:
    """Label lines of a (H,W) bool mask: class number, then x y pairs in 0..1 for each 8-connected part."""
    height, width = mask.shape
    lines = []
    for outline in pixel_outlines(mask):
        # The middle of the pixel: a reader that cuts off the fraction lands on the pixel itself.
        shares = (_with_area(outline) + 0.5) / (width, height)
        lines.append(f"{number} " + " ".join(f"{share:.6f}" for share in shares.reshape(-1)) + "\n")
    return "".join(lines)


def read_back(root: Path) -> Iterator[ReadMask]:
    """Read the label files and paint them as Ultralytics does: whole pixels, `cv2.fillPoly`, one object a line."""
    for path in sorted(root.glob("labels/*.txt")):
        text = path.read_text(encoding="utf-8")
        if text:
            size = image_size(root / "images" / f"{path.stem}.png")
            yield ReadMask(name=path.stem, view="labels", mask=_paint(text, size))


def _paint(text: str, size: tuple[int, int]) -> np.ndarray:
    """The union of all objects of a label file, (H,W) bool of `size`."""
    union = np.zeros(size, dtype=np.bool_)
    for line in text.splitlines():
        shares = np.array(line.split()[1:], dtype=np.float32).reshape(-1, 2)
        points = (shares * np.array(size[::-1], dtype=np.float32)).astype(np.int32)
        one = np.zeros(size, dtype=np.uint8)
        cv2.fillPoly(one, [points], 1)
        union |= one > 0
    return union


def _with_area(outline: np.ndarray) -> np.ndarray:
    """Give outlines of one or two pixels four corners inside these pixels: a reader wants three points and a box."""
    if len(outline) > 2:
        return outline
    first, last = outline[0], outline[-1]
    corners = np.array([(-0.25, -0.25), (0.25, -0.25), (0.25, 0.25), (-0.25, 0.25)])
    return np.array([first, last, last, first]) + corners


FORMAT = Format(
    name="yolo",
    title="YOLO segmentation",
    write=write,
    read_back=read_back,
    views={"labels": False},
    wants_good=False,
    good_suffixes=frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}),
    how_to_load=f"""\
Give `{_YAML}` to Ultralytics. Each 8-connected part of a defect is one object; a hole is joined to the outline by a
cut. The exact masks are in `masks/`. `val` in `{_YAML}` names the training pictures only because the key is
required: put your own real hold-out there.

    yolo segment train data={_YAML} model=yolo11n-seg.yaml
""",
)
