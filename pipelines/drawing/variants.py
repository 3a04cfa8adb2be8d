"""Several ways to fill a mask that a person painted into a good picture; those that are kept become samples."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from data_registry.errors import NotFound
from data_registry.records import NewSample, SampleRecord
from factory_gen.checks import check_choice, check_mask
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.files import encode_mask, encode_png
from factory_gen.images.foreground import foreground
from factory_gen.sampler.inpaint import DefectRequest, request_seed
from pipelines.drawing.generate_chunks import plain
from pipelines.drawing.warm_model import WARM
from pipelines.pictures.part_images import load_image
from pipelines.pictures.shown_pictures import as_shown, difference, jpeg, near, outlined
from pipelines.wiring import Workplace

PAINTED = "painted"


@dataclass(frozen=True)
class Variant:
    """One filling of the mask.

    Attributes:
        seed: of this variant.
        picture: the whole result as a PNG, bit for bit the source outside the mask.
        after, outlined, change: JPEGs of the part around the mask.
        audit, scores: as a generated sample has them.
        passed, reasons: what the check says; the person who painted the mask decides.
    """

    seed: int
    picture: bytes
    after: bytes
    outlined: bytes
    change: bytes
    audit: Mapping[str, Any]
    scores: Mapping[str, float]
    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Variants:
    """All variants of one call, with everything that is needed to keep one as a sample."""

    source_id: int
    defect_type: str
    mask: bytes
    before: bytes
    model_version_id: int
    model: int
    recipe_sha256: str
    request_sha256: str
    solver: str
    steps: int
    variants: tuple[Variant, ...]
    seconds: float


def draw(
    work: Workplace,
    part: str,
    source_id: int,
    mask: np.ndarray,
    defect: str,
    *,
    seed: int = 0,
    count: int = 4,
    model: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    strength: float | None = None,
) -> Variants:
    """Fill a painted mask `count` times.

    Args:
        work: where things are.
        part: name of the part.
        source_id: number of a source image of the part.
        mask: (H,W) bool of its size.
        defect: one of the model's types.
        seed: of all variants.
        count: how many.
        model: number or alias; the champion by default.
        steps, guidance, strength: as in `pipelines.generate.run`.

    Raises:
        InputRefused: the mask is empty or the picture is of another part.
        UsageError: another size, an unknown type, a value out of range.
    """
    started = time.monotonic()
    if not mask.any():
        raise _nothing_painted()
    with WARM.hold(work, part, model) as chosen:
        row = _row(work, chosen.part.id, source_id)
        image = load_image(work, row)
        check_mask(mask, image.pixels.shape[:2], "mask")
        generator = chosen.generator
        check_choice(defect, generator.types, "defect")
        # The mask is the person's who painted it.
        choice = generator.choice(steps=steps, guidance_scale=guidance, trim=False)
        learned = WARM.learn(work, chosen, generator.types)
        region = foreground(image.pixels)
        known = learned.knowledge[defect]
        requests = _requests(image, mask, defect, strength, seed, count, known.shift, region)
        drawn = generator.draw(requests, choice)
        judged = [learned.check.examine(defect, image, one.pixels, mask, region) for one in drawn]
    cut = near(mask)
    before = as_shown(image.pixels[cut], image.bit_depth)
    png = encode_mask(mask)
    facts = {
        "kind": PAINTED,
        "source": row.sha256,
        "mask": hashlib.sha256(png).hexdigest(),
        "model": chosen.version.weights_sha256,
        "defect": defect,
        "seed": seed,
        "strength": strength,
        "choice": choice.facts(),
    }
    variants = []
    for request, one, (found, scores) in zip(requests, drawn, judged, strict=True):
        after = as_shown(one.pixels[cut], image.bit_depth)
        variants.append(
            Variant(
                seed=request.seed,
                picture=encode_png(one.pixels),
                after=jpeg(after),
                outlined=jpeg(outlined(after, mask[cut])),
                change=jpeg(difference(image.pixels[cut], one.pixels[cut], image.bit_depth)),
                audit=plain(asdict(found)),
                scores=scores.known(),
                passed=found.passed,
                reasons=found.reasons,
            )
        )
    return Variants(
        source_id=source_id,
        defect_type=defect,
        mask=png,
        before=jpeg(before),
        model_version_id=chosen.version.id,
        model=chosen.version.number,
        recipe_sha256=chosen.version.recipe_sha256,
        request_sha256=hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest(),
        solver=choice.solver.solver,
        steps=choice.solver.steps,
        variants=tuple(variants),
        seconds=time.monotonic() - started,
    )


def keep(
    work: Workplace, part: str, drawn: Variants, indexes: Sequence[int], painter: str
) -> list[SampleRecord]:
    """Store variants as samples of the part, to be reviewed as all others; the same again adds nothing.

    Args:
        work: where things are.
        part: name of the part.
        drawn: what `draw` gave.
        indexes: which variants.
        painter: who painted the mask.

    Returns:
        The samples, in the order of their places.
    """
    mask_sha256 = work.blobs.put(drawn.mask)
    stored = [
        (index, drawn.variants[index], work.blobs.put(drawn.variants[index].picture)) for index in indexes
    ]
    samples = [
        NewSample(
            source_image_id=drawn.source_id,
            image_sha256=image_sha256,
            mask_sha256=mask_sha256,
            defect_type=drawn.defect_type,
            mask_origin={"placement": PAINTED, "by": painter},
            model_version_id=drawn.model_version_id,
            recipe_sha256=drawn.recipe_sha256,
            request_sha256=drawn.request_sha256,
            index=index,
            seed=variant.seed,
            solver=drawn.solver,
            steps=drawn.steps,
            attempts=1,
            audit=dict(variant.audit),
            scores=dict(variant.scores),
        )
        for index, variant, image_sha256 in stored
    ]
    with work.registry.write() as rows:
        owner = rows.parts.get(part)
        rows.samples.add_many(owner.id, samples)
        return rows.samples.page(owner.id, request_sha256=drawn.request_sha256, limit=len(drawn.variants))


def _nothing_painted() -> InputRefused:
    return InputRefused(
        expected="a painted defect", found="an empty mask", action="Paint where the defect goes."
    )


def _requests(
    image: PartImage,
    mask: np.ndarray,
    defect: str,
    strength: float | None,
    seed: int,
    count: int,
    shift: float | None,
    region: np.ndarray,
) -> list[DefectRequest]:
    """One request per variant; they differ in their seeds only."""
    seeds = [request_seed(seed, index, 0) for index in range(count)]
    return [
        DefectRequest(image.pixels, image.bit_depth, mask, defect, strength, one, shift, region)
        for one in seeds
    ]


def _row(work: Workplace, part_id: int, source_id: int) -> Any:
    with work.registry.read() as rows:
        row = rows.images.get(source_id)
    if row.part_id != part_id:
        raise NotFound(
            expected="a picture of this part",
            found=f"picture {source_id} of another part",
            action="Choose the picture again.",
        )
    return row
