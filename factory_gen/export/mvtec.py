"""The MVTec-AD tree: train/good, test/<type>, ground_truth/<type>/<stem>_mask.png."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Format, Labels, Placed, PlacedGood, ReadMask
from factory_gen.export.masks_on_disk import read_mask_file
from factory_gen.export.place import place_good, place_item
from factory_gen.export.tree import Tree

_TRUTH = "ground_truth"
_MASK_END = "_mask"


def write(
    tree: Tree, items: Iterable[ExportItem], goods: Iterable[GoodImage], labels: Labels
) -> Iterator[Placed | PlacedGood]:
    """Put every picture in its place; yields where each went."""
    for item in items:
        folder = labels.folders[item.defect_type]
        image = f"test/{folder}/{item.name}.png"
        mask = f"{_TRUTH}/{folder}/{item.name}{_MASK_END}.png"
        yield place_item(tree, item, image, mask)
    for good in goods:
        yield place_good(tree, good, "train/good")


def read_back(root: Path) -> Iterator[ReadMask]:
    """Read the masks as MVTec readers do: from the picture's path to the mask's by the tree's naming rule."""
    for image in sorted(root.glob("test/*/*.png")):
        path = root / _TRUTH / image.parent.name / f"{image.stem}{_MASK_END}.png"
        yield ReadMask(name=image.stem, view=_TRUTH, mask=read_mask_file(path, image))


FORMAT = Format(
    name="mvtec",
    title="MVTec-AD tree",
    write=write,
    read_back=read_back,
    views={_TRUTH: True},
    wants_good=True,
    # Readers of this tree look for PNG files only.
    good_suffixes=frozenset({".png"}),
    how_to_load="""\
The tree is that of one MVTec-AD category: `train/good`, `test/<type>` and `ground_truth/<type>/<name>_mask.png`.
With anomalib, name the folder above this one as the root:

    from anomalib.data import MVTecAD
    data = MVTecAD(root="..", category="<the name of this folder>")
""",
)
