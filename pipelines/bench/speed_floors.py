"""`bench speed`, the simple ways: CutPaste and Perlin blobs in memory, images per second."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from factory_gen.gate.cutpaste import cutpaste
from factory_gen.gate.perlin import perlin
from factory_gen.seeds import numpy_generator
from factory_gen.speed.clock import CPU, timed
from pipelines.pictures.part_images import generator_images, load_image, spread
from pipelines.wiring import Workplace

PICTURES = 24


def floor_speeds(work: Workplace, part: str, *, seed: int, repeats: int = 3) -> Mapping[str, float]:
    """Images per second of both, on pictures that are decoded already; nothing is checked or stored."""
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
    good = [load_image(work, row) for row in spread(generator_images(work, owner, kind="good"), PICTURES)]
    defects = [
        load_image(work, row) for row in spread(generator_images(work, owner, kind="defect"), PICTURES)
    ]

    def paste_all() -> None:
        rng = numpy_generator(seed, "bench", "cutpaste")
        for index, image in enumerate(good):
            source = defects[index % len(defects)]
            assert source.mask is not None
            if source.pixels.ndim == image.pixels.ndim and source.pixels.dtype == image.pixels.dtype:
                cutpaste(image.pixels, source.pixels, source.mask, rng)

    def draw_all() -> None:
        rng = numpy_generator(seed, "bench", "perlin")
        for image in good:
            perlin(image.pixels, rng)

    def rate(work_: Callable[[], None]) -> float:
        return len(good) / timed(work_, CPU, repeats=repeats, most_s=4.0).median

    return {"CutPaste": rate(paste_all), "Perlin": rate(draw_all)} if good and defects else {}


def ratios(ours: float, others: Mapping[str, float]) -> dict[str, float]:
    """How many images we make while each of the others makes one."""
    return {name: float(ours / np.float64(value)) for name, value in others.items() if value > 0}
