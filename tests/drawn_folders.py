"""Tiny data sets of drawn pictures, one builder for each layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.drawn_files import SIZE, blob_mask, grey, mask_png, png, write


def mvtec(root: Path, *, good: int = 6, test_good: int = 2, defects: dict[str, int] | None = None) -> Path:
    """An MVTec tree whose defects all have masks."""
    files = {f"train/good/{n:03d}.png": png(grey(n)) for n in range(good)}
    files |= {f"test/good/{n:03d}.png": png(grey(100 + n)) for n in range(test_good)}
    for at, (name, count) in enumerate((defects if defects is not None else {"crack": 4, "pit": 3}).items()):
        for n in range(count):
            files[f"test/{name}/{n:03d}.png"] = png(grey(1000 * (at + 1) + n))
            files[f"ground_truth/{name}/{n:03d}_mask.png"] = mask_png(blob_mask())
    return write(root, files)


def ok_ng(root: Path, *, masks: str | None = "masks") -> Path:
    """ok/ and ng/; masks in a folder of that name, beside the pictures ("beside"), or none."""
    files = {f"ok/{n}.png": png(grey(n)) for n in range(6)}
    for n in range(3):
        files[f"ng/d{n}.png"] = png(grey(50 + n))
        if masks is not None:
            place = f"ng/d{n}_mask.png" if masks == "beside" else f"{masks}/d{n}.png"
            files[place] = mask_png(blob_mask())
    return write(root, files)


def coco(root: Path, annotations: list[dict[str, Any]], *, images: int = 4, **parts: Any) -> Path:
    """images/<n>.png and annotations.json; annotations need `image_id`, `category_id` and a shape."""
    height, width = SIZE
    content = {
        "images": [
            {"id": n, "file_name": f"images/{n}.png", "width": width, "height": height} for n in range(images)
        ],
        "annotations": [{"id": n, **annotation} for n, annotation in enumerate(annotations)],
        "categories": [{"id": 1, "name": "crack"}, {"id": 2, "name": "pit"}],
        **parts,
    }
    files = {f"images/{n}.png": png(grey(n)) for n in range(images)}
    return write(root, {"annotations.json": json.dumps(content).encode(), **files})


def square(left: float = 10, top: float = 8, side: float = 6) -> list[list[float]]:
    """A COCO polygon."""
    return [[left, top, left + side, top, left + side, top + side, left, top + side]]


def runs(mask: np.ndarray) -> dict[str, Any]:
    """A COCO RLE with plain counts of a (H,W) bool mask."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if flat[0] else counts}
