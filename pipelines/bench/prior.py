"""`bench prior`: the learned prior against its baselines on one part's own hold-out, repeatable and resumable.

Everything that takes long leaves its result in a folder of its own under home, named after part, catalogue and
settings; the same command again picks up there. A run in MLflow per arm and seed holds the rows.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from data_registry.records import DatasetVersionRecord, PartRecord
from factory_gen.bench.arms import ABLATIONS, ARMS, LEDIFLOW, Arm
from factory_gen.bench.autoencoder import bench_autoencoder, grain_spread
from factory_gen.bench.held_out import make_held_out, window_features
from factory_gen.bench.measure import (
    TEST,
    VALIDATION,
    Bench,
    Row,
    measure_arm,
    measure_floor,
    measure_prior_mean,
)
from factory_gen.bench.networks import Shared, make_bank, train_arm, train_shared
from factory_gen.bench.settings import PriorBench
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartPictures, WindowDraw
from factory_gen.metrics.features import FeatureNet
from factory_gen.sampler.contrast_target import rank_by_contrast
from factory_gen.sampler.generator import pick_device
from factory_gen.training.latents import LatentBank
from factory_gen.training.threads import use_threads
from pipelines.bench.prior_report import PriorReport, assemble
from pipelines.pictures.part_images import load_image, load_pictures, spread
from pipelines.progress import Progress, Silent
from pipelines.tracking import open_tracker
from pipelines.wiring import Workplace

MOST = 300


def run(
    work: Workplace,
    part: str,
    *,
    plan: PriorBench,
    seeds: int = 3,
    fresh: bool = False,
    command: str = "",
    progress: Progress | None = None,
) -> PriorReport:
    """Train and measure all arms, or what is missing of them.

    Args:
        work: where things are.
        part: name of the part; its generator side trains, its hold-out is cut in two by group: one half chooses
            settings, the other is reported on.
        plan: what to compute.
        seeds: trainings per arm.
        fresh: throw earlier results of the same bench away first.
        command: as typed, for the result file.
        progress: told what goes on.

    Raises:
        InputRefused: no hold-out with defects, or no masks to learn from.
    """
    say = progress or Silent()
    use_threads(work.settings.threads)
    owner, dataset = _origin(work, part)
    folder = _folder(work, owner, dataset, plan)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    seen = load_pictures(work, owner, view="window", window=plan.window)
    ranked, _ = rank_by_contrast(seen.defective)
    seen = PartPictures(seen.good, ranked, seen.channels)
    halves = _halves(work, owner, seen)
    bench, bank, floor = _prepare(plan, seen, halves, folder, work.settings.device, say)
    for seed in range(seeds):
        own = folder / f"seed{seed}"
        shared = train_shared(bank, plan, seed, own, _teller(say, f"seed {seed}"))
        _keep(
            own / "prior-mean.json",
            lambda s=seed, h=shared: {
                "rows": [asdict(r) for r in measure_prior_mean(bench, ARMS[LEDIFLOW], h, s)]
            },
        )
        steps: int | None = None
        for name in plan.arms:
            steps = _arm(work, owner, bench, ARMS[name], shared, seed, own, steps, say)
    return assemble(folder, owner.name, plan, seeds, floor, command)


def _arm(
    work: Workplace,
    owner: PartRecord,
    bench: Bench,
    arm: Arm,
    shared: Shared,
    seed: int,
    folder: Path,
    lediflow_steps: int | None,
    say: Progress,
) -> int:
    """Train and measure one arm of one seed; gives the LeDiFlow arm's steps, which the others are matched to."""
    target = folder / f"{arm.name}.json"
    tell = _teller(say, f"seed {seed}")
    if arm.beta is not None:
        own = replace(bench.plan, prior=replace(bench.plan.prior, beta=arm.beta))
        shared = train_shared(shared.bank, own, seed, folder / f"{arm.name}-prior", tell)
    trained = train_arm(
        arm,
        shared,
        bench.plan,
        seed,
        folder,
        same_steps=None if arm.name == LEDIFLOW or arm.name in ABLATIONS else lediflow_steps,
        report=tell,
    )
    steps = trained["time"][1].steps if arm.name == LEDIFLOW else (lediflow_steps or 0)
    if target.exists():
        return steps
    say.start(f"measure {arm.name} {seed}", None)
    result: dict[str, Any] = {"tables": {}, "steps": {}, "seconds": {}}
    for table, (model, stage) in trained.items():
        rows = measure_arm(bench, arm, model, shared, seed, brief=table != "time")
        result["tables"][table] = [asdict(row) for row in rows]
        result["steps"][table], result["seconds"][table] = stage.steps, stage.seconds
    say.finish(f"measure {arm.name} {seed}")
    _log(work, owner, arm, seed, bench.plan, result)
    _keep(target, lambda: result)
    return steps


def _prepare(
    plan: PriorBench,
    seen: PartPictures,
    halves: Mapping[str, PartPictures],
    folder: Path,
    device: str,
    say: Progress,
) -> tuple[Bench, LatentBank, dict[str, float]]:
    """What all seeds share: autoencoder, latents to learn from, held-out windows, the floor real against real."""
    draw = WindowDraw(seen, plan.window, plan.augment)
    where = pick_device(device)
    autoencoder = bench_autoencoder(draw, plan, folder, where, _teller(say, "all seeds"))
    say.start("windows", None)
    nets = FeatureNet(device=where)
    splits = {
        name: make_held_out(
            name,
            pictures,
            seen.types,
            autoencoder,
            nets,
            window=plan.window,
            count=plan.count,
            seed=11,
            device=where,
        )
        for name, pictures in halves.items()
    }
    bank = make_bank(draw, autoencoder, plan, where)
    plain = WindowDraw(seen, plan.window, ())
    bench = Bench(plan, autoencoder, nets, splits, grain_spread(autoencoder, plain, plan.count))
    floor = measure_floor(bench, window_features(plain, autoencoder, nets, plan.count), 0)
    say.finish("windows")
    return bench, bank, floor


def _origin(work: Workplace, part: str) -> tuple[PartRecord, DatasetVersionRecord]:
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        dataset = rows.datasets.latest(owner.id, "catalogue")
    if dataset is None:
        raise InputRefused(
            expected=f"an ingested catalogue for {part}",
            found="none",
            action="Ingest a folder with part images first: factory-gen ingest DIR --part NAME.",
        )
    return owner, dataset


def _halves(work: Workplace, owner: PartRecord, seen: PartPictures) -> dict[str, PartPictures]:
    """The hold-out cut in two: groups are dealt in turn by the hash of their name, good and defective apart."""
    with work.registry.read() as rows:
        good = list(rows.images.stream(owner.id, kind="good", split="holdout"))
        bad = list(rows.images.stream(owner.id, kind="defect", split="holdout", with_mask=True))
    bad = [row for row in bad if row.defect_type in seen.types]
    groups = sorted(
        {row.group for row in [*good, *bad]}, key=lambda g: hashlib.sha256(g.encode()).hexdigest()
    )
    first = set(groups[::2])
    result = {}
    for name, side in ((VALIDATION, True), (TEST, False)):
        picked = [[row for row in some if (row.group in first) == side] for some in (good, bad)]
        images = [[load_image(work, row) for row in spread(some, MOST)] for some in picked]
        if not images[0] or not images[1]:
            raise InputRefused(
                expected="good and masked defective hold-out pictures in at least two groups each",
                found=f"{len(good)} good, {len(bad)} defective, {len(groups)} groups",
                action="Hold out more groups when ingesting: factory-gen ingest --help.",
            )
        result[name] = PartPictures(images[0], images[1], seen.channels)
    return result


def _folder(work: Workplace, owner: PartRecord, dataset: DatasetVersionRecord, plan: PriorBench) -> Path:
    # Arms do not look at each other, so a bench with other arms finds what is there.
    facts = json.dumps([{**asdict(plan), "arms": None}, dataset.manifest_sha256], sort_keys=True)
    key = hashlib.sha256(facts.encode()).hexdigest()[:12]
    return work.settings.home / "bench" / f"prior-part{owner.id}-{key}"


def _keep(target: Path, make: Any) -> None:
    """Write a JSON result in one rename, unless it is there."""
    if target.exists():
        return
    part = target.with_suffix(".part")
    part.write_text(json.dumps(make()))
    part.replace(target)


def _log(
    work: Workplace, owner: PartRecord, arm: Arm, seed: int, plan: PriorBench, result: Mapping[str, Any]
) -> None:
    tags = {"bench": "prior", "arm": arm.name, "seed": str(seed)}
    params = {"arm": asdict(arm), "budget_s": plan.budget_s, "window": plan.window}
    tracker = open_tracker(work.settings)
    with tracker.start_training_run(
        owner.name, params, tags, name=f"bench {arm.name} seed {seed}"
    ) as tracked:
        tracked.log_text(json.dumps(result, indent=1), "rows.json")
        for row in _shown(result["tables"]["time"]):
            tracked.log_metrics({f"kid.{row.set}.{row.solver.replace('+', 'p')}": row.kid}, row.calls)


def _shown(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    known = [Row(**row) for row in rows]
    return [
        row
        for row in known
        if row.split == TEST and row.reference == "autoencoded" and row.codes == "sampled"
    ]


def _teller(say: Progress, where: str) -> Callable[[str, int, float], None]:
    """Tells a training's share done, stage by stage."""
    told: dict[str, float] = {}

    def tell(stage: str, step: int, fraction: float) -> None:
        name, share = f"{where}: {stage}", min(1.0, fraction)
        if name not in told:
            told[name] = 0.0
            say.start(name, 1.0)
        # A bar does not need every step.
        if share - told[name] >= 0.01 or share >= 1.0:
            say.advance(name, share - told[name])
            told[name] = share
        if share >= 1.0:
            say.finish(name)

    return tell
