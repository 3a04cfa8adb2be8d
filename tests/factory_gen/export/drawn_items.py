"""Export items drawn for tests: masks of every awkward shape, with pictures and full lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from factory_gen.export.gate import Gate
from factory_gen.export.item import ExportItem, GoodImage
from factory_gen.export.layout import Format
from factory_gen.export.names import safe_names, stem
from factory_gen.export.write import Order, Written, write_export
from factory_gen.images.files import encode_png

SIZE = (37, 53)  # (H, W): odd and not square, so that swapped axes show


def rectangle(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    """(H,W) bool with one filled rectangle, ends exclusive."""
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def _ring() -> np.ndarray:
    return rectangle(5, 5, 25, 30) & ~rectangle(10, 10, 20, 24)


def _noise(share: float) -> np.ndarray:
    return np.asarray(np.random.default_rng(3).random(SIZE) < share)


def _diagonal() -> np.ndarray:
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[np.arange(30), np.arange(30) + 3] = True
    return mask


MASKS: dict[str, np.ndarray] = {
    "rectangle": rectangle(4, 7, 16, 21),
    "hole": _ring(),
    "two_holes": _ring() & ~rectangle(6, 26, 9, 28),
    "island_in_hole": _ring() | rectangle(13, 15, 16, 18),
    "several_parts": rectangle(1, 1, 6, 4) | rectangle(20, 30, 30, 45) | rectangle(33, 2, 35, 9),
    "corner_touch": rectangle(5, 5, 10, 10) | rectangle(10, 10, 15, 15),
    "on_the_border": rectangle(0, 0, 3, 53) | rectangle(30, 50, 37, 53),
    "everything": rectangle(0, 0, *SIZE),
    "one_pixel": rectangle(18, 40, 19, 41),
    "last_pixel": rectangle(36, 52, 37, 53),
    "two_pixels": rectangle(18, 40, 19, 42),
    "thin_line": rectangle(9, 2, 10, 50),
    "upright_line": rectangle(2, 52, 36, 53),
    "diagonal_crack": _diagonal(),
    "sparse_noise": _noise(0.2),
    "dense_noise": _noise(0.8),
}


def item(
    number: int = 0,
    mask: np.ndarray | None = None,
    defect_type: str = "crack",
    **lineage: object,
) -> ExportItem:
    """A sample with a picture of its own; `lineage` overrides single fields."""
    mask = MASKS["rectangle"] if mask is None else mask
    pixels = np.random.default_rng(number).integers(0, 255, size=mask.shape, dtype=np.uint8)
    fields: dict[str, object] = {
        "sample_id": number + 1,
        "source_image": f"good/{number:03d}.png",
        "source_sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "defect_type": defect_type,
        "model_version": 2,
        "recipe_sha256": "ab" * 32,
        "seed": 100 + number,
        "solver": "euler",
        "steps": 4,
        "audit": {"passed": True, "contrast": 0.25 + number, "outside": {"changed": 0}},
    }
    return ExportItem(
        name=stem(safe_names([defect_type])[defect_type], number),
        image_png=encode_png(pixels),
        mask=mask,
        defect_type=defect_type,
        lineage=fields | lineage,
    )


def all_shapes() -> list[ExportItem]:
    """One sample for every mask in `MASKS`, of two types."""
    return [
        item(number, mask, "crack" if number % 2 else "blow hole")
        for number, mask in enumerate(MASKS.values())
    ]


def good(number: int = 0, suffix: str = ".png") -> GoodImage:
    """A real good picture of another size than the samples."""
    pixels = np.full((20, 24), 40 + number, dtype=np.uint8)
    data = encode_png(pixels)
    return GoodImage(
        name=f"good_{number:06d}",
        suffix=suffix,
        data=data,
        height=20,
        width=24,
        source_image=f"good/{number:03d}{suffix}",
        source_sha256=hashlib.sha256(data).hexdigest(),
    )


def export(
    fmt: Format,
    target: Path,
    items: Iterable[ExportItem],
    goods: Iterable[GoodImage] = (),
    *,
    override: str | None = None,
    types: tuple[str, ...] = ("crack", "blow hole"),
) -> Written:
    """Export drawn items as version 3 of the part `tile`."""
    order = Order(part="tile", version=3, fmt=fmt, target=target, types=types, notes=("A note.",))
    return write_export(order, items, goods, Gate(override))
