"""Put one picture into a tree: the step that all formats share."""

from __future__ import annotations

from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Placed, PlacedGood
from factory_gen.export.tree import Tree
from factory_gen.images.files import encode_mask


def place_item(tree: Tree, item: ExportItem, image: str, mask: str) -> Placed:
    """Write a synthetic picture to `image` and its mask, without loss, to `mask`."""
    tree.put(image, item.image_png)
    tree.put(mask, encode_mask(item.mask))
    return Placed(item=item, image=image, mask=mask)


def place_good(tree: Tree, good: GoodImage, folder: str) -> PlacedGood:
    """Write a real good picture into `folder`."""
    image = f"{folder}/{good.name}{good.suffix}"
    tree.put(image, good.data)
    return PlacedGood(good=good, image=image)
