"""The interpolation job: a strip of pictures from one picture to another."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_registry.records import PartRecord
from factory_gen.composite.picture_grid import draw_strip
from factory_gen.errors import InputRefused, UsageError
from factory_gen.images.dataset import GOOD, PartImage
from factory_gen.images.files import encode_png, read_mask, read_picture
from factory_gen.images.masks import bounds
from factory_gen.images.windows import cut, pad_to, place, to_unit
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.interpolate import interpolate
from factory_gen.seeds import torch_generator
from pipelines.pictures.part_images import load_image
from pipelines.progress import Progress, Silent
from pipelines.release.output_folder import output_folder
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class InterpolateReport:
    """What was written: the folder with frame PNGs and two strips, the model's number, and the time in seconds."""

    folder: str
    frames: int
    model: int
    steps: int
    seconds: float


def run(
    work: Workplace,
    part: str,
    first: str,
    second: str,
    *,
    frames: int = 8,
    seed: int = 0,
    model: str | None = None,
    steps: int | None = None,
    out: Path,
    progress: Progress | None = None,
) -> InterpolateReport:
    """Walk from one picture to another.

    Args:
        first, second: path of a picture; ``123`` or ``source:123`` for a source image, ``sample:45`` for a sample.

    Raises:
        InputRefused: a picture cannot be found or read.
        UsageError: fewer than 2 frames.
    """
    if frames < 2:
        raise UsageError(expected="at least 2 frames", found=str(frames), action="Give --frames 2 or more.")
    started, say = time.monotonic(), progress or Silent()
    chosen = choose_model(work, part, model)
    generator, facts = chosen.generator, chosen.generator.parts.facts
    images = [find_picture(work, chosen.part, one) for one in (first, second)]
    ends = [window_around(image, generator) for image in images]
    choice = generator.choice(steps=steps).solver
    say.start("interpolating", None)
    by_flow, by_mean = interpolate(
        generator,
        (ends[0][0], ends[1][0]),
        (ends[0][1], ends[1][1]),
        (facts.types.index(ends[0][2]), facts.types.index(ends[1][2])),
        frames=frames,
        choice=choice,
        noise=torch_generator(seed, "interpolate"),
    )
    say.finish("interpolating")
    with output_folder(out) as folder:
        for index, frame in enumerate(by_flow):
            pixels = np.rint((frame + 1.0) * 127.5).astype(np.uint8)
            flat = np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
            (folder / f"frame_{index:03d}.png").write_bytes(encode_png(flat))
        captions = [f"{share:.0%}" for share in np.linspace(0, 1, frames)]
        draw_strip(list(by_flow), folder / "strip.png", captions, title=f"{part}: {first} to {second}")
        draw_strip(list(by_mean), folder / "strip_prior_mean.png", captions, title="The prior's mean alone")
        draw_strip([ends[0][0], ends[1][0]], folder / "ends.png", ["first", "second"], title="The real ends")
        note = {"first": first, "second": second, "frames": frames, "seed": seed, "steps": choice.steps}
        (folder / "manifest.json").write_text(json.dumps({**note, "model": chosen.version.number}, indent=2))
    return InterpolateReport(
        str(out), frames, chosen.version.number, choice.steps, time.monotonic() - started
    )


def find_picture(work: Workplace, part: PartRecord, name: str) -> PartImage:
    """The picture that a user has named."""
    kind, _, number = name.rpartition(":")
    if number.isdigit() and kind in ("", "source", "sample"):
        with work.registry.read() as rows:
            if kind == "sample":
                sample = rows.samples.get(int(number))
                row = None
            else:
                row = rows.images.get(int(number))
        if row is not None:
            if row.part_id != part.id:
                raise _not_of_part(name, part)
            return load_image(work, row)
        if sample.part_id != part.id:
            raise _not_of_part(name, part)
        picture = read_picture(work.blobs.read(sample.image_sha256), name)
        mask = read_mask(work.blobs.read(sample.mask_sha256), name, size=(picture.height, picture.width))
        return PartImage(name, picture.pixels, picture.bit_depth, mask, sample.defect_type)
    path = Path(name)
    if not path.is_file():
        raise InputRefused(
            expected="the path of a picture, or source:ID or sample:ID",
            found=name,
            action="Check the path; `factory-gen status` lists what is there.",
        )
    picture = read_picture(path.read_bytes(), path.name)
    return PartImage(name, picture.pixels, picture.bit_depth)


def _not_of_part(name: str, part: PartRecord) -> InputRefused:
    return InputRefused(
        expected=f"a picture of part {part.name}", found=f"{name}, of another part", action="Give --part."
    )


def window_around(image: PartImage, generator: Generator) -> tuple[np.ndarray, np.ndarray, str]:
    """The window around the picture's defect, or around its middle: pixels, mask, type."""
    facts = generator.parts.facts
    size = facts.window
    pixels = pad_to(image.pixels, size)
    mask = image.mask if image.mask is not None else np.zeros(image.size, dtype=bool)
    mask = pad_to(mask, size)
    centre = (pixels.shape[0] / 2, pixels.shape[1] / 2)
    if mask.any():
        top, left, bottom, right = bounds(mask)
        centre = ((top + bottom) / 2, (left + right) / 2)
    corner = place(centre, size, pixels.shape[0], pixels.shape[1])
    known = image.defect_type if image.defect_type in facts.types and mask.any() else GOOD
    values = to_unit(cut(pixels, *corner, size), image.bit_depth, facts.channels)
    return values, cut(mask, *corner, size), known or GOOD
