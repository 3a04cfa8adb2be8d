"""`bench speed`, the generation job: images per second, seconds by stage, and how they grow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from factory_gen.images.masks import bounds
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.inpaint import DefectRequest
from factory_gen.speed.clock import CPU_TIME, Device, clock_name, read_clock, timed
from factory_gen.stages import measured
from pipelines import generate
from pipelines.bench.speed_place import resized, throw_away_copy
from pipelines.pictures.part_images import generator_images, load_image
from pipelines.progress import Silent
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace

# What belongs to files and to the start of a request, not to one more image.
FILES = ("decode", "encode")
ONCE = ("learn types",)


@dataclass(frozen=True)
class JobSpeed:
    """One generation request, rejects and audit included.

    Attributes:
        images: stored (at least one, for the rates to mean anything).
        drawn: attempts, of which the audit sent some back.
        seconds: on the wall, with the start of the request; without loading the model.
        cpu_seconds: of all threads together.
        images_per_s: images over seconds.
        warm_images_per_s: the same from the second chunk on, without what happens once.
        warm_cpu_s: processor seconds per image, without what happens once.
        stages: seconds by stage on the wall; decoding runs beside the drawing, so they may add up to more.
        processor: processor seconds by stage, of the thread that it runs in; the files' writers are not in it.
    """

    images: int
    drawn: int
    seconds: float
    cpu_seconds: float
    images_per_s: float
    warm_images_per_s: float
    warm_cpu_s: float
    stages: Mapping[str, float]
    processor: Mapping[str, float]


@dataclass(frozen=True)
class CountPoint:
    """A request when so many images were done: seconds since its start, milliseconds per image since the last point."""

    images: int
    seconds: float
    ms_per_image: float


@dataclass(frozen=True)
class SizePoint:
    """One picture size at the same defect size; milliseconds per attempt, files apart."""

    megapixels: float
    ms_per_image: float
    decode_ms: float
    encode_ms: float
    stages_ms: Mapping[str, float]


@dataclass(frozen=True)
class WindowPoint:
    """One defect of so many windows."""

    windows: int
    ms: float
    ms_per_window: float


class _Enough(Exception):
    """The time for the growth by number is spent."""


class _Points(Silent):
    """Notes when how many images were done, at powers of two, and ends the job when its time is spent."""

    def __init__(self, device: Device, most_s: float = float("inf")) -> None:
        self.device, self.began, self.end = device, read_clock(device), time.monotonic() + most_s
        self.done, self.next = 0, 1
        self.points: list[tuple[int, float]] = []

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        self.done += int(amount)
        over = time.monotonic() > self.end
        if self.done >= self.next or over:
            self.points.append((self.done, read_clock(self.device) - self.began))
            while self.next <= self.done:
                self.next *= 2
        if over:
            raise _Enough


def job_speed(work: Workplace, part: str, *, count: int, seed: int, defect: str | None = None) -> JobSpeed:
    """Run one request in a throw-away workplace and time it."""
    first = time.process_time(), time.perf_counter()
    with measured() as clock:
        report = generate.run(work, part, defect=defect, count=count, seed=seed)
    cpu, wall = time.process_time() - first[0], time.perf_counter() - first[1]
    once, once_cpu = (sum(by.get(name, 0.0) for name in ONCE) for by in (clock.seconds, clock.processor))
    return JobSpeed(
        images=report.kept,
        drawn=report.asked + report.redrawn,
        seconds=wall,
        cpu_seconds=cpu,
        images_per_s=report.kept / wall,
        warm_images_per_s=report.kept / max(wall - once, 1e-9),
        warm_cpu_s=(cpu - once_cpu) / max(report.kept, 1),
        stages=dict(sorted(clock.seconds.items(), key=lambda item: -item[1])),
        processor=dict(sorted(clock.processor.items(), key=lambda item: -item[1])),
    )


def count_growth(
    work: Workplace,
    part: str,
    *,
    images: int,
    most_s: float,
    seed: int,
    defect: str,
    device: Device,
) -> list[CountPoint]:
    """Time against number of images, at powers of two: a request of one, and one of `images`.

    The large one is broken off after `most_s` seconds on the wall; the last point then tells how far it came.
    """
    one, many = _Points(device), _Points(device)
    generate.run(work, part, defect=defect, count=1, seed=seed + 1, progress=one)
    if images > 1:
        many = _Points(device, most_s)
        with suppress(_Enough):
            generate.run(work, part, defect=defect, count=images, seed=seed, progress=many)
    points = [*one.points[:1], *(point for point in many.points if point[0] > 1)]
    return count_points(points)


def count_points(reached: Sequence[tuple[int, float]]) -> list[CountPoint]:
    """From (images, seconds since the start) to points; the first one counts from the start."""
    found: list[CountPoint] = []
    for index, (images, seconds) in enumerate(reached):
        before = reached[index - 1] if index > 1 else (0, 0.0)
        found.append(CountPoint(images, seconds, 1e3 * (seconds - before[1]) / max(1, images - before[0])))
    return found


def size_growth(
    work: Workplace,
    part: str,
    *,
    model: str | None,
    defect: str,
    sizes: Sequence[float],
    count: int,
    seed: int,
    device: Device,
) -> list[SizePoint]:
    """The generation job on pictures of several sizes, with defects of one size."""
    points = []
    for size in sizes:
        with throw_away_copy(work, part, model=model, defect=defect, megapixels=size) as copy:
            # The first chunk pays for what torch sets up once per shape.
            generate.run(copy, part, defect=defect, count=1, seed=seed + 1)
            with measured() as clock:
                report = generate.run(copy, part, defect=defect, count=count, seed=seed)
        by_stage = clock.processor if clock_name(device) == CPU_TIME else clock.seconds
        points.append(size_point(size, by_stage, report.asked + report.redrawn))
    return points


def size_point(megapixels: float, seconds: Mapping[str, float], drawn: int) -> SizePoint:
    """Stage seconds of a request to milliseconds per attempt."""
    each = {name: 1e3 * one / max(1, drawn) for name, one in seconds.items() if name not in ONCE}
    return SizePoint(
        megapixels=megapixels,
        ms_per_image=sum(ms for name, ms in each.items() if name not in FILES),
        decode_ms=each.get("decode", 0.0),
        encode_ms=each.get("encode", 0.0),
        stages_ms={name: ms for name, ms in each.items() if name not in FILES},
    )


def window_growth(
    work: Workplace, part: str, *, model: str | None, sides: Sequence[int], repeats: int, seed: int
) -> list[WindowPoint]:
    """Time of one defect against its number of windows: squares of `sides` windows in a large picture."""
    chosen = choose_model(work, part, model)
    generator, size = chosen.generator, chosen.generator.parts.facts.window
    row = generator_images(work, chosen.part, kind="good")[0]
    image = load_image(work, row)
    pixels = resized(image.pixels, (max(sides) + 2) ** 2 * size**2 / 0.75e6)
    points = []
    for side in sides:
        mask = np.zeros(pixels.shape[:2], dtype=bool)
        reach = max(8, size // 4) if side == 1 else round((0.75 * side - 0.1) * size)
        mask[size : size + reach, size : size + reach] = True
        request = DefectRequest(
            pixels, image.bit_depth, mask, generator.types[0], 0.5, seed, region=np.ones_like(mask)
        )
        windows = generator.draw([request], generator.choice())[0].windows
        found = timed(
            lambda request=request: generator.draw([request], generator.choice()),  # type: ignore[misc]
            generator.device,
            repeats=repeats,
            warm=0,
            most_s=10.0,
        )
        points.append(WindowPoint(windows, 1e3 * found.median, 1e3 * found.median / windows))
    return points


def smallest_type(work: Workplace, part: str, generator: Generator) -> str:
    """The defect type whose real masks are the smallest (median of the longer side): one window each."""
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
    sides: dict[str, list[int]] = {name: [] for name in generator.types}
    for row in generator_images(work, owner, kind="defect"):
        if row.defect_type in sides and len(sides[row.defect_type]) < 12:
            mask = load_image(work, row).mask
            assert mask is not None
            top, left, bottom, right = bounds(mask)
            sides[row.defect_type].append(max(bottom - top, right - left))
    return min((name for name in sides if sides[name]), key=lambda name: statistics.median(sides[name]))
