"""Rows to fill a registry with: small, valid, and different where a test wants them to be."""

from __future__ import annotations

import hashlib
from typing import Any

from data_registry.records import (
    DatasetVersionRecord,
    ModelVersionRecord,
    NewImage,
    NewSample,
    PartRecord,
    SourceImageRecord,
)
from data_registry.session import Work


def sha(text: object) -> str:
    """A hash that differs with `text`."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def good(name: str = "a", **changes: Any) -> NewImage:
    """A good picture, in a group of its own on the generator's side."""
    facts: dict[str, Any] = {
        "relative_path": f"good/{name}.png",
        "sha256": sha(name),
        "kind": "good",
        "width": 64,
        "height": 48,
        "mode": "L",
        "group": f"group-{name}",
        "split": "generator",
    }
    return NewImage(**facts | changes)


def defect(name: str = "d", **changes: Any) -> NewImage:
    """A cracked part with its mask, in a group of its own on the generator's side."""
    facts: dict[str, Any] = {
        "relative_path": f"crack/{name}.png",
        "kind": "defect",
        "defect_type": "crack",
        "mask_sha256": sha(f"mask of {name}"),
        "mask_origin": "file",
    }
    return good(name, **facts | changes)


def stored_image(work: Work, part: PartRecord, image: NewImage) -> SourceImageRecord:
    """Store one picture and return what the registry says about it."""
    work.images.add_many(part.id, [image])
    found = work.images.by_sha(part.id, image.sha256)
    assert found is not None
    return found


def dataset(work: Work, part: PartRecord, name: str = "v1") -> DatasetVersionRecord:
    """Publish a version of the part's catalogue."""
    return work.datasets.add(part.id, kind="catalogue", manifest_sha256=sha(name), counts={"good": 1})


def model(work: Work, part: PartRecord, version: DatasetVersionRecord, **changes: Any) -> ModelVersionRecord:
    """Store a model that is ready."""
    facts: dict[str, Any] = {
        "folder": "tile/0001",
        "weights_sha256": sha("weights"),
        "recipe_name": "tiny",
        "recipe_sha256": sha("recipe"),
        "recipe": {"flow": {"steps": 100}},
        "dataset_version_id": version.id,
        "seed": 7,
        "status": "ready",
        "metrics": {"psnr": 36.5},
    }
    return work.models.add(part.id, **facts | changes)


def sample(
    source: SourceImageRecord, made_by: ModelVersionRecord, index: int = 0, **changes: Any
) -> NewSample:
    """A generated crack on a picture of the plant."""
    facts: dict[str, Any] = {
        "source_image_id": source.id,
        "image_sha256": sha(f"sample {index}"),
        "mask_sha256": sha(f"sample mask {index}"),
        "defect_type": "crack",
        "mask_origin": {"kind": "real", "turned": 90},
        "model_version_id": made_by.id,
        "recipe_sha256": made_by.recipe_sha256,
        "request_sha256": sha("request"),
        "index": index,
        "seed": 7 + index,
        "solver": "heun",
        "steps": 4,
        "attempts": 1,
        "audit": {"outside_equal": True},
        "scores": {"contrast": 12.5},
    }
    return NewSample(**facts | changes)
