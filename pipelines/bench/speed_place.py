"""A throw-away workplace for `bench speed`: the part's model, defects and some pictures, at any size.

The bench runs the real generation job, which stores what it makes; so it does that in a folder that is removed again.
The model folder is the real one, and is only read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np

from data_registry.records import NewImage, SourceImageRecord
from factory_gen.images.files import encode_png
from pipelines.pictures.part_images import generator_images, load_image, spread
from pipelines.settings import Settings
from pipelines.training.model_choice import which
from pipelines.wiring import Workplace, open_workplace

MOST_GOOD = 400


@contextmanager
def throw_away_copy(
    work: Workplace,
    part: str,
    *,
    model: str | None,
    defect: str | None = None,
    megapixels: float | None = None,
) -> Iterator[Workplace]:
    """A workplace with a copy of the part's generator side, removed at the end.

    Args:
        work: the real one; it is only read.
        part: name of the part, the same in the copy.
        model: version number or alias; the copy has this one alone.
        defect: keep the defects of this type only.
        megapixels: good pictures are continued by mirroring, or cut, to this size; None keeps them.
    """
    with (
        tempfile.TemporaryDirectory(prefix="factory-gen-bench-") as folder,
        open_workplace(_settings(work.settings, Path(folder))) as copy,
    ):
        _fill(work, copy, part, model, defect, megapixels)
        yield copy


def _settings(settings: Settings, home: Path) -> Settings:
    return replace(
        settings,
        home=home,
        registry_url=f"sqlite:///{home / 'registry.db'}",
        blobs_dir=home / "blobs",
        mlflow_uri=f"sqlite:///{home / 'mlflow.db'}",
        tracking=False,
    )


def _fill(
    work: Workplace,
    copy: Workplace,
    part: str,
    model: str | None,
    defect: str | None,
    megapixels: float | None,
) -> None:
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        version = rows.models.get(owner.id, which(model))
    defects = [
        row for row in generator_images(work, owner, kind="defect") if defect in (None, row.defect_type)
    ]
    good = spread(generator_images(work, owner, kind="good"), MOST_GOOD if megapixels is None else 4)
    images = [_as_is(work, copy, row) for row in defects]
    for row in good:
        images.append(_as_is(work, copy, row) if megapixels is None else _sized(work, copy, row, megapixels))
    with copy.registry.write() as rows:
        new = rows.parts.add(part, source_root=owner.source_root)
        if owner.allowed_region_sha256 is not None and megapixels is None:
            rows.parts.set_allowed_region(
                new.id, copy.blobs.put(work.blobs.read(owner.allowed_region_sha256))
            )
        rows.images.add_many(new.id, images)
        dataset = rows.datasets.add(
            new.id, kind="catalogue", manifest_sha256=version.recipe_sha256, counts={}
        )
        rows.models.add(
            new.id,
            folder=version.folder,
            weights_sha256=version.weights_sha256,
            recipe_name=version.recipe_name,
            recipe_sha256=version.recipe_sha256,
            recipe=version.recipe,
            dataset_version_id=dataset.id,
            seed=version.seed,
            status=version.status,
            metrics=version.metrics,
        )


def _as_is(work: Workplace, copy: Workplace, row: SourceImageRecord) -> NewImage:
    copy.blobs.put(work.blobs.read(row.sha256))
    if row.mask_sha256 is not None:
        copy.blobs.put(work.blobs.read(row.mask_sha256))
    return _as_new(row)


def _sized(work: Workplace, copy: Workplace, row: SourceImageRecord, megapixels: float) -> NewImage:
    pixels = resized(load_image(work, row).pixels, megapixels)
    sha256 = copy.blobs.put(encode_png(pixels))
    height, width = pixels.shape[:2]
    return replace(_as_new(row), sha256=sha256, width=width, height=height)


def _as_new(row: SourceImageRecord) -> NewImage:
    return NewImage(**{field.name: getattr(row, field.name) for field in fields(NewImage)})


def resized(pixels: np.ndarray, megapixels: float) -> np.ndarray:
    """A picture of about that many million pixels, 4:3, at the same scale: mirrored to the right and below, or cut."""
    height = max(32, round((megapixels * 1e6 * 3 / 4) ** 0.5))
    width = max(32, round(megapixels * 1e6 / height))
    grown = pixels
    while grown.shape[0] < height or grown.shape[1] < width:
        below, right = (min(side, 4096) for side in grown.shape[:2])
        grown = cv2.copyMakeBorder(grown, 0, below, 0, right, cv2.BORDER_REFLECT)
    return np.ascontiguousarray(grown[:height, :width])
