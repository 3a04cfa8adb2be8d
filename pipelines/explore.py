"""Looks into a model: a walk between two pictures, one defect stage by stage, the real defects nearest to a sample."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from data_registry.records import PartRecord, SourceImageRecord
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartImage
from factory_gen.images.files import read_mask, read_picture
from factory_gen.images.windows import to_unit
from factory_gen.metrics.neighbours import defect_patches, nearest_references
from factory_gen.sampler.interpolate import interpolate
from factory_gen.sampler.side_by_side import side_by_side
from factory_gen.seeds import torch_generator
from pipelines.drawing.warm_model import WARM
from pipelines.interpolate import find_picture, window_around
from pipelines.pictures.part_images import generator_images, load_image
from pipelines.pictures.shown_pictures import as_shown, jpeg, near, outlined, unit_as_shown
from pipelines.wiring import Workplace

CALLS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Walk:
    """JPEG frames from one picture to another: by the flow, by the prior's mean alone, and the two real ends."""

    by_flow: tuple[bytes, ...]
    by_mean: tuple[bytes, ...]
    ends: tuple[bytes, bytes]
    model: int
    steps: int
    seconds: float


@dataclass(frozen=True)
class Shown:
    """One stage of a draw: "source", "mean", "sample" or "result" after `calls`, as a JPEG, and its seconds."""

    name: str
    calls: int
    solver: str
    picture: bytes
    seconds: float


@dataclass(frozen=True)
class Stages:
    """One defect stage by stage, drawn by a model into the window around a mask."""

    defect_type: str
    mask: bytes
    shown: tuple[Shown, ...]
    model: int


@dataclass(frozen=True)
class Neighbour:
    """A real defect near to a sample.

    Attributes:
        image_id, path, group: which.
        picture: JPEG of the part around it, outlined.
        distance: 0 the same, 1 unrelated, whatever place, size, turn and brightness.
    """

    image_id: int
    path: str
    group: str
    picture: bytes
    distance: float


@dataclass(frozen=True)
class Nearest:
    """A sample, the distance below which it would be a copy, how near real defects come, and its neighbours."""

    defect_type: str
    sample: bytes
    limit: float
    real_median: float | None
    neighbours: tuple[Neighbour, ...]


def walk(
    work: Workplace,
    part: str,
    first: str,
    second: str,
    *,
    frames: int = 8,
    seed: int = 0,
    model: str | None = None,
) -> Walk:
    """Interpolate between ``source:ID`` or ``sample:ID`` and another.

    Raises:
        InputRefused: a picture cannot be found or read.
    """
    started = time.monotonic()
    with WARM.hold(work, part, model) as chosen:
        generator, types = chosen.generator, chosen.generator.parts.facts.types
        ends = [window_around(find_picture(work, chosen.part, one), generator) for one in (first, second)]
        choice = generator.choice().solver
        by_flow, by_mean = interpolate(
            generator,
            (ends[0][0], ends[1][0]),
            (ends[0][1], ends[1][1]),
            (types.index(ends[0][2]), types.index(ends[1][2])),
            frames=frames,
            choice=choice,
            noise=torch_generator(seed, "interpolate"),
        )
    return Walk(
        by_flow=tuple(jpeg(unit_as_shown(frame)) for frame in by_flow),
        by_mean=tuple(jpeg(unit_as_shown(frame)) for frame in by_mean),
        ends=(jpeg(unit_as_shown(ends[0][0])), jpeg(unit_as_shown(ends[1][0]))),
        model=chosen.version.number,
        steps=choice.steps,
        seconds=time.monotonic() - started,
    )


def stages(work: Workplace, part: str, sample_id: int, *, seed: int = 0, model: str | None = None) -> Stages:
    """Draw a sample's defect anew into its good picture, and show every stage of it.

    Raises:
        NotFound: no such sample.
        InputRefused: it is of another part, or of a type that the model does not know.
    """
    with WARM.hold(work, part, model) as chosen:
        generator, types = chosen.generator, chosen.generator.parts.facts.types
        image, source = _sample(work, chosen.part, sample_id)
        if image.defect_type not in types:
            raise InputRefused(
                expected=f"a defect type of model {chosen.version.number}: {', '.join(types[1:])}",
                found=str(image.defect_type),
                action="Choose another sample, or another model.",
            )
        with_mask = PartImage(source.key, source.pixels, source.bit_depth, image.mask, image.defect_type)
        window, mask, kind = window_around(with_mask, generator)
        found = side_by_side(generator, window, mask, types.index(kind), calls=CALLS, seed=seed)
    return Stages(
        defect_type=kind,
        mask=jpeg(outlined(unit_as_shown(window), mask)),
        shown=tuple(
            Shown(one.name, one.calls, one.solver, jpeg(unit_as_shown(one.window)), one.seconds)
            for one in found
        ),
        model=chosen.version.number,
    )


def nearest_real(work: Workplace, part: str, sample_id: int, *, count: int = 6) -> Nearest:
    """The real defects of the generator split that a sample resembles most.

    Raises:
        NotFound: no such sample.
        InputRefused: no real defects of its type are left.
    """
    with WARM.hold(work, part) as chosen:
        image, _ = _sample(work, chosen.part, sample_id)
        name = image.defect_type or ""
        learned = WARM.learn(work, chosen, chosen.generator.types)
    if name not in learned.knowledge or (check := learned.knowledge[name].rules.copies) is None:
        raise InputRefused(
            expected=f"real defects of type {name} with masks in the generator split",
            found="none",
            action="Ingest some, or choose a sample of another type.",
        )
    rows = [
        row
        for row in generator_images(work, chosen.part, kind="defect", few=chosen.generator.parts.facts.few)
        if row.defect_type == name
    ]
    assert image.mask is not None
    channels = 1 if image.pixels.ndim == 2 else image.pixels.shape[2]
    patches = defect_patches(to_unit(image.pixels, image.bit_depth, channels), image.mask)
    known = check.real_distances[np.isfinite(check.real_distances)]
    return Nearest(
        defect_type=name,
        sample=_around(image),
        limit=check.limit,
        real_median=float(np.median(known)) if known.size else None,
        neighbours=tuple(
            _neighbour(work, rows[index], distance)
            for index, distance in nearest_references(check, patches, count)
        ),
    )


def _sample(work: Workplace, part: PartRecord, sample_id: int) -> tuple[PartImage, PartImage]:
    """A sample and the good picture that it was drawn into."""
    with work.registry.read() as rows:
        sample = rows.samples.get(sample_id)
        row = rows.images.get(sample.source_image_id)
    if sample.part_id != part.id:
        raise InputRefused(
            expected=f"a sample of part {part.name}",
            found=f"sample {sample_id}, of another part",
            action="Choose another sample.",
        )
    name = f"sample {sample_id}"
    picture = read_picture(work.blobs.read(sample.image_sha256), name, bit_depth=row.bit_depth)
    mask = read_mask(work.blobs.read(sample.mask_sha256), name, size=(picture.height, picture.width))
    drawn = PartImage(name, picture.pixels, picture.bit_depth, mask, sample.defect_type)
    return drawn, load_image(work, row)


def _neighbour(work: Workplace, row: SourceImageRecord, distance: float) -> Neighbour:
    image = load_image(work, row)
    return Neighbour(row.id, row.relative_path, row.group, _around(image), distance)


def _around(image: PartImage) -> bytes:
    assert image.mask is not None
    cut = near(image.mask)
    return jpeg(outlined(as_shown(image.pixels[cut], image.bit_depth), image.mask[cut]))
