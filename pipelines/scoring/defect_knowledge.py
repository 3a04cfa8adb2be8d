"""What the real defects of a part teach about each type: where it occurs, how visible it is, what would be a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_registry.records import PartRecord
from factory_gen.composite.audit import AuditRules
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.foreground import foreground
from factory_gen.images.windows import to_unit
from factory_gen.metrics.neighbours import defect_patches, learn_copy_check
from factory_gen.sampler.contrast_target import typical_shift, visibility_floor
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.placement import RealMask, TypePlacement, learn_placement, real_masks
from pipelines.pictures.part_images import generator_images, load_image
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class TypeKnowledge:
    """One type: where it occurs, which sign its brightness step has, and what its samples are held against."""

    placement: TypePlacement
    rules: AuditRules
    shift: float | None


def learn_types(
    work: Workplace, part: PartRecord, generator: Generator, types: Sequence[str]
) -> dict[str, TypeKnowledge]:
    """Look at the generator split's real defects of each type.

    Raises:
        InputRefused: a type has no masked defect left in the catalogue.
    """
    gathered: dict[str, list[tuple[PartImage, str]]] = {name: [] for name in types}
    for row in generator_images(work, part, kind="defect", few=generator.parts.facts.few):
        if row.defect_type in gathered:
            gathered[row.defect_type].append((load_image(work, row), row.group))
    return {name: _learn(name, images, generator) for name, images in gathered.items()}


def _learn(name: str, images: list[tuple[PartImage, str]], generator: Generator) -> TypeKnowledge:
    if not images:
        raise InputRefused(
            expected=f"real defects of type {name} with masks in the generator split",
            found="none",
            action="Ingest some, or generate another type.",
        )
    contrasts = generator.parts.facts.contrasts.get(name, ())
    reals: list[RealMask] = []
    patches, groups = [], []
    for image, group in images:
        assert image.mask is not None
        part = foreground(image.pixels)
        reals += real_masks(image.key, image.pixels, image.mask, part, contrasts, image.bit_depth)
        channels = 1 if image.pixels.ndim == 2 else image.pixels.shape[2]
        patches.append(defect_patches(to_unit(image.pixels, image.bit_depth, channels), image.mask))
        groups.append(group)
    copies = learn_copy_check(np.stack(patches), groups)
    floor = visibility_floor(generator.parts.facts.contrasts, name)
    shift = typical_shift([image for image, _ in images])
    return TypeKnowledge(
        learn_placement(reals), AuditRules(contrast_floor=floor, copies=copies, shift=shift), shift
    )
