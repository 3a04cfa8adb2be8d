"""`manifest.jsonl`: one line per synthetic picture with its full lineage; `manifest_real.jsonl` for real ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from factory_gen.export.item import LINEAGE_KEYS, ExportItem, GoodImage

MANIFEST = "manifest.jsonl"
MANIFEST_REAL = "manifest_real.jsonl"


def synthetic_line(item: ExportItem, image: tuple[str, str], mask: tuple[str, str]) -> bytes:
    """The line of one synthetic picture.

    Args:
        item: the picture.
        image, mask: (path relative to the manifest, SHA-256 of the file).
    """
    fields: dict[str, object] = {
        "image": image[0],
        "mask": mask[0],
        "synthetic": True,
        "image_sha256": image[1],
        "mask_sha256": mask[1],
    }
    known = {key: item.lineage[key] for key in LINEAGE_KEYS}
    extra = {key: item.lineage[key] for key in sorted(item.lineage) if key not in known}
    return json_line(fields | known | extra)


def real_line(good: GoodImage, image: tuple[str, str]) -> bytes:
    """The line of one real good picture; `image` is (path relative to the manifest, SHA-256 of the file)."""
    return json_line(
        {
            "image": image[0],
            "synthetic": False,
            "image_sha256": image[1],
            "source_image": good.source_image,
            "source_sha256": good.source_sha256,
            "stored": good.stored,
        }
    )


def read_manifest(path: Path) -> Iterator[dict[str, object]]:
    """Yield the lines of a manifest as dictionaries."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def json_line(value: object) -> bytes:
    """One line of JSON in UTF-8, the same for the same value everywhere."""
    return (json.dumps(plain(value), ensure_ascii=False, allow_nan=False) + "\n").encode()


def plain(value: object) -> object:
    """Turn NumPy numbers into Python's and numbers that JSON cannot hold (NaN, infinity) into null."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(inner) for inner in value]
    return value
