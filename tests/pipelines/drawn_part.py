"""A part in a real registry with pictures, a model and samples, drawn instead of generated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from data_registry.records import NewImage, NewSample, PartRecord
from factory_gen.composite.paste import paste
from factory_gen.images.files import encode_mask, encode_png, read_picture
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace
from tests.data_registry.rows import dataset, model, sha
from tests.drawn_files import SIZE, blob_mask, colour, deep, grey


@contextmanager
def workplace(home: Path) -> Iterator[Workplace]:
    """An open workplace of its own in `home`."""
    with open_workplace(load_settings({"home": home}, environ={}).settings) as work:
        yield work


def source_files() -> dict[str, bytes]:
    """Good pictures of every kind: grey, 12 bits in 16, colour."""
    return {
        "good/grey.png": encode_png(grey(1)),
        "good/deep.png": encode_png(deep(grey(2), 12)),
        "good/colour.png": encode_png(colour(3)),
    }


def add_good(work: Workplace, part: PartRecord, path: str, data: bytes, **changes: Any) -> int:
    """Store a good picture and return its number."""
    picture = read_picture(data, path)
    facts: dict[str, Any] = {
        "relative_path": path,
        "sha256": work.blobs.put(data),
        "kind": "good",
        "width": picture.width,
        "height": picture.height,
        "mode": picture.mode,
        "bit_depth": picture.bit_depth,
        "group": path,
        "split": "generator",
        "conversions": picture.conversions,
    }
    with work.registry.write() as rows:
        rows.images.add_many(part.id, [NewImage(**facts | changes)])
        found = rows.images.by_path(part.id, path)
    assert found is not None
    return found.id


def add_sample(work: Workplace, part: PartRecord, source_id: int, index: int, **changes: Any) -> int:
    """Store a drawn defect on a good picture and return the sample's number.

    `changes` overrides fields of `NewSample`; `mask` (H,W) bool and `model_number` are understood, too.
    """
    mask = changes.pop("mask", blob_mask(at=(4 + index % 20, 6 + index % 30)))
    with work.registry.read() as rows:
        made_by = rows.models.get(part.id, changes.pop("model_number", 1))
        source = rows.images.get(source_id)
    picture = read_picture(work.blobs.read(source.sha256), source.relative_path)
    drawn = np.full((*SIZE, 1), -1.0 + 2.0 * ((index * 37) % 100) / 100, dtype=np.float32)
    result = paste(picture.pixels, drawn, mask, picture.bit_depth)
    facts: dict[str, Any] = {
        "source_image_id": source_id,
        "image_sha256": work.blobs.put(encode_png(result)),
        "mask_sha256": work.blobs.put(encode_mask(mask)),
        "defect_type": "crack",
        "mask_origin": {"kind": "procedural"},
        "model_version_id": made_by.id,
        "recipe_sha256": made_by.recipe_sha256,
        "request_sha256": sha("request"),
        "index": index,
        "seed": 70 + index,
        "solver": "euler",
        "steps": 4,
        "attempts": 1,
        "audit": {"passed": True, "contrast": 0.25},
        "scores": {},
    }
    with work.registry.write() as rows:
        rows.samples.add_many(part.id, [NewSample(**facts | changes)])
        return max(sample.id for sample in rows.samples.stream(part.id))


def draw_part(work: Workplace, samples: int = 6, name: str = "tile") -> PartRecord:
    """A part with three good pictures, one model, and samples of two types on the pictures in turn."""
    with work.registry.write() as rows:
        part = rows.parts.add(name, source_root="plant/tiles")
        model(rows, part, dataset(rows, part))
    sources = [add_good(work, part, path, data) for path, data in source_files().items()]
    for index in range(samples):
        kind = "crack" if index % 3 else "blow hole"
        add_sample(work, part, sources[index % 3], index, defect_type=kind)
    return part
