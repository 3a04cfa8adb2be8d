"""COCO instances: images/, every mask as RLE in one file and as polygons in a second one."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Format, Labels, Placed, PlacedGood, ReadMask
from factory_gen.export.outlines import edge_outlines
from factory_gen.export.place import place_good, place_item
from factory_gen.export.tree import Stream, Tree

RLE, POLYGON = "annotations_rle.json", "annotations_polygon.json"


def write(
    tree: Tree, items: Iterable[ExportItem], goods: Iterable[GoodImage], labels: Labels
) -> Iterator[Placed | PlacedGood]:
    """Put every picture in `images/`, every mask in `masks/`, and write both annotation files."""
    numbers = itertools.count(1)
    with _AnnotationFile(tree, RLE, labels) as rle, _AnnotationFile(tree, POLYGON, labels) as polygon:
        for item in items:
            placed = place_item(tree, item, f"images/{item.name}.png", f"masks/{item.name}.png")
            number = next(numbers)
            entry = _image_entry(number, placed.image, item.mask.shape, item.lineage["source_image"])
            encoded = coco_mask.encode(np.asfortranarray(item.mask, dtype=np.uint8))
            base = _annotation(number, labels.number(item.defect_type) + 1, encoded)
            counts = {"size": list(item.mask.shape), "counts": encoded["counts"].decode()}
            rle.add(entry, base | {"segmentation": counts})
            polygon.add(entry, base | {"segmentation": _polygons(item.mask)})
            yield placed

        for good in goods:
            put = place_good(tree, good, "images")
            entry = _image_entry(next(numbers), put.image, (good.height, good.width), good.source_image)
            rle.add(entry | {"synthetic": False})
            polygon.add(entry | {"synthetic": False})
            yield put


def read_back(root: Path) -> Iterator[ReadMask]:
    """Read both annotation files with pycocotools and paint every annotation."""
    for view in (RLE, POLYGON):
        # pycocotools prints what it does; the command line keeps stdout for data.
        with contextlib.redirect_stdout(io.StringIO()):
            reader = COCO(str(root / view))
        for number in reader.getImgIds():
            for annotation in reader.loadAnns(reader.getAnnIds(imgIds=[number])):
                name = Path(reader.loadImgs([number])[0]["file_name"]).stem
                yield ReadMask(name=name, view=view, mask=_paint(reader, annotation))


def _paint(reader: COCO, annotation: dict[str, object]) -> np.ndarray:
    with warnings.catch_warnings():
        # pycocotools' compiled part speaks the array protocol of NumPy 1; the result is the same.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        return np.asarray(reader.annToMask(annotation) > 0)


def _image_entry(number: int, image: str, size: tuple[int, ...], source: object) -> dict[str, object]:
    return {
        "id": number,
        "file_name": image,
        "height": size[0],
        "width": size[1],
        "synthetic": True,
        "source_image": source,
    }


def _annotation(number: int, category: int, encoded: dict[str, object]) -> dict[str, object]:
    """What both files say of one mask; box and area come from pycocotools."""
    return {
        "id": number,
        "image_id": number,
        "category_id": category,
        "bbox": [float(edge) for edge in coco_mask.toBbox(encoded)],
        "area": float(coco_mask.area(encoded)),
        "iscrowd": 0,
    }


def _polygons(mask: np.ndarray) -> list[list[int]]:
    return [outline.reshape(-1).tolist() for outline in edge_outlines(mask)]


class _AnnotationFile:
    """Writes one COCO file in pieces, so that memory does not grow with the number of pictures."""

    def __init__(self, tree: Tree, name: str, labels: Labels) -> None:
        self._stack = contextlib.ExitStack()
        self._tree, self._name = tree, name
        self._head = {
            "info": {"description": f"Synthetic defects of {labels.part}", "synthetic": True},
            "licenses": [],
            "categories": [
                {"id": number, "name": kind, "supercategory": "defect"}
                for number, kind in enumerate(labels.types, start=1)
            ],
        }
        self._count = {"images": 0, "annotations": 0}

    def __enter__(self) -> _AnnotationFile:
        self._out: Stream = self._stack.enter_context(self._tree.stream(self._name))
        self._spool: BinaryIO = self._stack.enter_context(self._tree.spool())
        self._out.write(_json(self._head)[:-1] + b',\n"images": [')
        return self

    def add(self, image: dict[str, object], annotation: dict[str, object] | None = None) -> None:
        """Add a picture and, where it has a defect, its annotation."""
        self._out.write(self._next("images") + _json(image))
        if annotation is not None:
            self._spool.write(self._next("annotations") + _json(annotation))

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self._out.write(b'],\n"annotations": [')
            self._spool.seek(0)
            while block := self._spool.read(1 << 20):
                self._out.write(block)
            self._out.write(b"]}\n")
        self._stack.__exit__(kind, *rest)  # type: ignore[arg-type]

    def _next(self, key: str) -> bytes:
        self._count[key] += 1
        return b"\n" if self._count[key] == 1 else b",\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


FORMAT = Format(
    name="coco",
    title="COCO instances (RLE and polygons)",
    write=write,
    read_back=read_back,
    views={RLE: True, POLYGON: False},
    wants_good=False,
    good_suffixes=frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}),
    how_to_load=f"""\
`{RLE}` holds every mask exactly; `{POLYGON}` holds the same masks as polygons along pixel edges (a hole is joined to
the outline by a cut). File names are relative to this folder; one annotation is one generated defect, which may have
several parts.

    from pycocotools.coco import COCO
    data = COCO("{RLE}")
""",
)
