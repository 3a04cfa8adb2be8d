"""anomalib's Folder layout: normal, abnormal/<type>, mask/<type>, and a ready `folder.yaml`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from factory_gen.errors import IntegrityError
from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Format, Labels, Placed, PlacedGood, ReadMask
from factory_gen.export.masks_on_disk import read_mask_file
from factory_gen.export.place import place_good, place_item
from factory_gen.export.tree import Tree

_NORMAL, _ABNORMAL, _MASK = "normal", "abnormal", "mask"
_YAML = "folder.yaml"

_CONFIG = """\
# anomalib data configuration. The root is relative: run anomalib from this folder, or write its full path.
#   anomalib train --model Patchcore --data {yaml}
# The abnormal pictures are synthetic: judge a model on your own real hold-out, too.
class_path: anomalib.data.Folder
init_args:
  name: {name}
  root: "."
  normal_dir: {normal}
  abnormal_dir: {abnormal}
  mask_dir: {mask}
  normal_split_ratio: 0.2
  test_split_mode: from_dir
  val_split_mode: same_as_test
  train_batch_size: 8
  eval_batch_size: 8
  num_workers: 2
  seed: 0
"""


def write(
    tree: Tree, items: Iterable[ExportItem], goods: Iterable[GoodImage], labels: Labels
) -> Iterator[Placed | PlacedGood]:
    """Put every picture in its place and write the configuration; yields where each picture went."""
    for item in items:
        # Same relative path for picture and mask: anomalib pairs the two by their order when sorted.
        place = f"{labels.folders[item.defect_type]}/{item.name}.png"
        yield place_item(tree, item, f"{_ABNORMAL}/{place}", f"{_MASK}/{place}")
    for good in goods:
        yield place_good(tree, good, _NORMAL)
    # A JSON string is also a YAML string, whatever letters the part's name has.
    text = _CONFIG.format(
        yaml=_YAML, name=json.dumps(labels.part), normal=_NORMAL, abnormal=_ABNORMAL, mask=_MASK
    )
    tree.put(_YAML, text.encode())


def read_back(root: Path) -> Iterator[ReadMask]:
    """Pair pictures and masks as anomalib's Folder does (both sorted, names compared) and read the masks."""
    images = sorted((root / _ABNORMAL).rglob("*.png"))
    masks = sorted((root / _MASK).rglob("*.png"))
    for image, mask in zip(images, masks, strict=False):
        if image.stem not in mask.stem:
            raise IntegrityError(
                expected=f"a mask named like {image.name}",
                found=mask.name,
                action="Export again; picture and mask files do not pair.",
            )
        yield ReadMask(name=image.stem, view=_MASK, mask=read_mask_file(mask, image))


FORMAT = Format(
    name="anomalib",
    title="anomalib Folder",
    write=write,
    read_back=read_back,
    views={_MASK: True},
    wants_good=True,
    good_suffixes=frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}),
    how_to_load=f"""\
Run anomalib from this folder with the ready configuration (its root is this folder):

    anomalib train --model Patchcore --data {_YAML}
""",
)
