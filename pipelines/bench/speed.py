"""`bench speed`: how fast this machine makes defect images, where the time goes, and against whom.

Everything is measured in one run on one machine: the generation job, the matrix products that its transformer could
reach at best, how time grows, the networks of published generators, and the simple ways.
"""

from __future__ import annotations

import os
import resource
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from factory_gen.machine import device_name
from factory_gen.nets.half import has_bfloat16
from factory_gen.sampler.generator import Generator
from factory_gen.speed.clock import CPU_TIME, clock_name, thread_count
from factory_gen.speed.forward import MatrixShare, matrix_shares
from factory_gen.speed.peers import LDM_256, SD15_INPAINTING, PeerTime, time_peer
from pipelines.bench.registry import Figure
from pipelines.bench.speed_floors import floor_speeds, ratios
from pipelines.bench.speed_job import (
    CountPoint,
    JobSpeed,
    SizePoint,
    WindowPoint,
    count_growth,
    job_speed,
    size_growth,
    smallest_type,
    window_growth,
)
from pipelines.bench.speed_place import throw_away_copy
from pipelines.bench.speed_plan import SpeedPlan
from pipelines.commands.output import to_json
from pipelines.progress import Progress, Silent
from pipelines.tracking import open_tracker
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace

STAGES = ("job", "number of images", "picture size", "windows", "matrix products", "simple ways", "peers")


@dataclass(frozen=True)
class SpeedReport:
    """What was measured.

    Attributes:
        part, model, defect: whose job; defect is the type of the growth by number and by size.
        machine, cores, threads, clock: where, on how many cores of it, and on which clock networks were timed.
        load: mean number of waiting processes at the start and at the end; far above the threads, others worked too.
        command, seeds, quick: how it was measured.
        jobs: one per seed.
        images_per_s: of the job on the wall, from the second chunk on; median over the seeds.
        images_per_s_like_peers: the same on the clock that the peers were timed on.
        counts, sizes, windows: how time grows.
        matrix: the transformer against matrix products.
        memory_mib: highest memory of the process after each stage.
        peers, others: published networks; the simple ways in images per second.
        ratios: our images per second over theirs, on the same clock.
        figures: what has a target.
        mlflow_run_id: where else it is written.
    """

    part: str
    model: int
    defect: str
    machine: str
    cores: int
    threads: int
    clock: str
    load: tuple[float, float]
    command: str
    seeds: tuple[int, ...]
    quick: bool
    jobs: tuple[JobSpeed, ...]
    images_per_s: float
    images_per_s_like_peers: float
    counts: tuple[CountPoint, ...]
    sizes: tuple[SizePoint, ...]
    windows: tuple[WindowPoint, ...]
    matrix: tuple[MatrixShare, ...]
    memory_mib: Mapping[str, float]
    peers: tuple[PeerTime, ...]
    others: Mapping[str, float]
    ratios: Mapping[str, float]
    figures: tuple[Figure, ...]
    mlflow_run_id: str | None = None


def run(
    work: Workplace,
    part: str,
    *,
    plan: SpeedPlan,
    model: str | None = None,
    seed: int = 0,
    command: str = "",
    progress: Progress | None = None,
) -> SpeedReport:
    """Measure; nothing of the part is changed, and what is generated is thrown away.

    Args:
        work: where things are.
        part: name of a part with a trained model of view "window".
        plan: how much is measured.
        model: version number or alias; the champion by default.
        seed: of everything random.
        command: as typed, for the result file.
        progress: told what is measured.

    Raises:
        NotFound: no such part or model.
        InputRefused: no good pictures or no masked defects.
    """
    chosen = choose_model(work, part, model)
    seeds = tuple(seed + 10 * number for number in range(plan.job_repeats))
    params = {"plan": asdict(plan), "seed": seed, "model": chosen.version.number}
    with open_tracker(work.settings).start_training_run(
        part, params, {"kind": "bench-speed"}, name="bench speed"
    ) as run_:
        load, clock = os.getloadavg()[0], clock_name(chosen.generator.device)
        found = _measure(work, part, plan, chosen.generator, model, seeds, progress)
        rates = {peer.name: peer.images_per_s for peer in found["peers"]} | dict(found["others"])
        compared = compare(found["jobs"], rates, clock)
        report = SpeedReport(
            **found,
            **compared,
            part=part,
            model=chosen.version.number,
            machine=device_name(chosen.generator.device),
            cores=os.cpu_count() or 1,
            threads=thread_count(),
            clock=clock,
            load=(load, os.getloadavg()[0]),
            command=command,
            seeds=seeds,
            quick=plan.images < SpeedPlan.images,
            figures=tuple(figures(found["matrix"], found["sizes"], compared["ratios"])),
            mlflow_run_id=run_.run_id,
        )
        run_.log_metrics({_key(one.name): one.value for one in report.figures}, 0)
        run_.log_metrics({"images_per_s": report.images_per_s}, 0)
        run_.log_text(to_json(report), "speed.json")
    return report


def _measure(
    work: Workplace,
    part: str,
    plan: SpeedPlan,
    generator: Generator,
    model: str | None,
    seeds: tuple[int, ...],
    progress: Progress | None,
) -> dict[str, Any]:
    """Everything that takes time, one after the other."""
    say, device, seed = progress or Silent(), generator.device, seeds[0]
    memory: dict[str, float] = {}
    defect = smallest_type(work, part, generator)
    say.start("speed", len(STAGES), "measurements")

    def done(stage: str) -> None:
        memory[stage] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        say.advance("speed", 1)

    with throw_away_copy(work, part, model=model) as copy:
        jobs = tuple(job_speed(copy, part, count=plan.job_images, seed=one) for one in seeds)
        done("job")
        counts = count_growth(
            copy,
            part,
            images=plan.images,
            most_s=plan.images_s,
            seed=seed + 5,
            defect=defect,
            device=device,
        )
        done("number of images")
    sizes = size_growth(
        work,
        part,
        model=model,
        defect=defect,
        sizes=plan.sizes,
        count=plan.size_images,
        seed=seed,
        device=device,
    )
    done("picture size")
    windows = window_growth(work, part, model=model, sides=plan.sides, repeats=plan.repeats, seed=seed)
    done("windows")
    matrix = _matrix(plan, generator)
    done("matrix products")
    others = floor_speeds(work, part, seed=seed, repeats=plan.repeats)
    done("simple ways")
    peers = _peers(plan, generator)
    done("peers")
    say.finish("speed")
    return {
        "defect": defect,
        "jobs": jobs,
        "counts": tuple(counts),
        "sizes": tuple(sizes),
        "windows": tuple(windows),
        "matrix": matrix,
        "memory_mib": memory,
        "peers": peers,
        "others": others,
    }


def compare(jobs: Sequence[JobSpeed], rates: Mapping[str, float], clock: str) -> dict[str, Any]:
    """Our images per second, on the wall and on the others' clock, and the ratios; medians over the requests."""
    wall = statistics.median(one.warm_images_per_s for one in jobs)
    processor = statistics.median(one.warm_cpu_s for one in jobs)
    alike = 1.0 / processor if clock == CPU_TIME and processor > 0 else wall
    return {"images_per_s": wall, "images_per_s_like_peers": alike, "ratios": ratios(alike, rates)}


def _matrix(plan: SpeedPlan, generator: Generator) -> tuple[MatrixShare, ...]:
    flow, device = generator.parts.flow, generator.device
    return tuple(
        share
        for precision in _precisions(generator)
        for share in matrix_shares(flow, device, precision=precision, batch=plan.batch, repeats=plan.repeats)
    )


def _precisions(generator: Generator) -> tuple[str, ...]:
    return ("fp32", "bf16") if has_bfloat16(generator.device) else ("fp32",)


def _peers(plan: SpeedPlan, generator: Generator) -> tuple[PeerTime, ...]:
    if not plan.peer_steps:
        return ()
    precisions = _precisions(generator)
    chosen = precisions if plan.both_precisions else precisions[-1:]
    return tuple(
        time_peer(peer, generator.device, precisions=chosen, steps_timed=plan.peer_steps, warm=plan.peer_warm)
        for peer in (LDM_256, SD15_INPAINTING)
    )


def figures(
    matrix: Sequence[MatrixShare], sizes: Sequence[SizePoint], compared: Mapping[str, float]
) -> list[Figure]:
    """The figures that have a target."""
    found = [
        _figure(f"matrix share, forward, {one.precision}, batch {one.batch}", one.share, "", 0.6, more=True)
        for one in matrix
        if one.work == "forward"
    ]
    if len(sizes) > 1:
        first, last = sizes[0], sizes[-1]
        name = f"time per image at {last.megapixels:g} against {first.megapixels:g} megapixels"
        found.append(_figure(name, last.ms_per_image / first.ms_per_image, "times", 2.0, more=False))
    if LDM_256.name in compared:
        found.append(
            _figure(f"images against {LDM_256.name}", compared[LDM_256.name], "times", 100.0, more=True)
        )
    return found


def _figure(name: str, value: float, unit: str, target: float, *, more: bool) -> Figure:
    reached = value >= target if more else value <= target
    return Figure(name=name, value=round(value, 3), unit=unit, target=target, reached=reached)


def _key(name: str) -> str:
    """A figure's name as MLflow takes it."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)
