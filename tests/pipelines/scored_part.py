"""A part with drawn real defects of three types in both splits, and samples of which some have a planted fault."""

from __future__ import annotations

import cv2
import numpy as np

from data_registry.records import NewSample, PartRecord
from factory_gen.images.files import encode_mask, encode_png
from pipelines.wiring import Workplace
from tests.data_registry.rows import dataset, model, sha
from tests.factory_gen.quality.drawn_defects import SIZE, TYPES, draw
from tests.pipelines.drawn_part import add_good

REALS, SAMPLES = 54, 18
FAULTS = ("good", "ringed", "moved", "copied", "good", "good")


def as_bytes(picture: np.ndarray) -> bytes:
    return encode_png(np.clip((picture[:, :, 0] + 1) * 127.5, 0, 255).round().astype(np.uint8))


def scored_part(work: Workplace) -> tuple[PartRecord, dict[int, str]]:
    """The part, and the fault of each sample by its number ("good" for none)."""
    with work.registry.write() as rows:
        part = rows.parts.add("plate", source_root="plant/plates")
        model(rows, part, dataset(rows, part))
    for number in range(REALS):
        kind = TYPES[number % 3]
        picture, mask = draw(kind, number)
        facts = {"mask_sha256": work.blobs.put(encode_mask(mask)), "mask_origin": "file", "defect_type": kind}
        group, split = f"g{number // 3 % 12}", "generator" if number // 3 % 12 < 8 else "holdout"
        path = f"real/{number}.png"
        add_good(work, part, path, as_bytes(picture), kind="defect", group=group, split=split, **facts)
    source = add_good(work, part, "good/0.png", as_bytes(draw("dent", 900, np.zeros((SIZE, SIZE), bool))[0]))
    faults = [FAULTS[number // 3] for number in range(SAMPLES)]
    samples = [_sample(work, part, source, number, fault) for number, fault in enumerate(faults)]
    with work.registry.write() as rows:
        rows.samples.add_many(part.id, samples)
        numbers = [sample.id for sample in rows.samples.stream(part.id)]
    return part, dict(zip(numbers, faults, strict=True))


def _sample(work: Workplace, part: PartRecord, source: int, number: int, fault: str) -> NewSample:
    kind = TYPES[number % 3]
    picture, mask = draw(kind, 500 + number)
    if fault == "copied":
        picture, mask = draw(kind, TYPES.index(kind))  # a real defect of the generator split, pixel by pixel
    if fault == "ringed":
        ring = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        picture = np.clip(picture + 0.6 * ring[:, :, None], -1, 1)
    if fault == "moved":
        mask = np.roll(mask, (35, -35), (0, 1))
    with work.registry.read() as rows:
        made_by = rows.models.get(part.id)
    return NewSample(
        source_image_id=source,
        image_sha256=work.blobs.put(as_bytes(picture)),
        mask_sha256=work.blobs.put(encode_mask(mask)),
        defect_type=kind,
        mask_origin={"family": "drawn"},
        model_version_id=made_by.id,
        recipe_sha256=made_by.recipe_sha256,
        request_sha256=sha("request"),
        index=number,
        seed=number,
        solver="euler",
        steps=4,
        attempts=1,
        audit={"passed": True},
        scores={"older": 1.0},
    )
