"""The training job: a part's pictures to a model version, tracked in MLflow."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from data_registry.records import DatasetVersionRecord, ModelVersionRecord, PartRecord
from factory_gen.errors import InputRefused
from factory_gen.images.dataset import PartPictures
from factory_gen.sampler.assess import assess
from factory_gen.sampler.fit import fit
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.parts import load_parts
from factory_gen.sampler.recipe import Recipe
from factory_gen.training.threads import use_threads
from pipelines.pictures.part_images import load_pictures, load_unseen
from pipelines.progress import Progress, Silent
from pipelines.recipe import load_recipe
from pipelines.settings import follows_another_process
from pipelines.tracking import open_tracker
from pipelines.training.model_choice import which
from pipelines.training.train_progress import TrainingProgress
from pipelines.training.train_store import (
    CHAMPION,
    close_training,
    find_stored,
    is_closed,
    show_in_tracking,
    store_model,
)
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class TrainReport:
    """What a training gave.

    Attributes:
        part, recipe: names.
        model: number of the new model version.
        champion: whether it carries the alias `champion` now.
        seconds: in all.
        stages: stage to (steps, seconds).
        figures: measured on the hold-out where there is one.
        measured_on: "hold-out" or "training pictures".
        folder: of the model version.
        mlflow_run: id of the run, None when tracking is off.
        notes: what the user should know.
    """

    part: str
    recipe: str
    model: int
    champion: bool
    seconds: float
    stages: Mapping[str, tuple[int, float]]
    figures: Mapping[str, float]
    measured_on: str
    folder: str
    mlflow_run: str | None
    notes: tuple[str, ...]


def run(
    work: Workplace,
    part: str,
    *,
    recipe: str = "cpu",
    budget_s: float | None = None,
    from_model: str | None = None,
    resume: bool = False,
    seed: int = 0,
    view: str = "window",
    token: str = "",
    progress: Progress | None = None,
) -> TrainReport:
    """Train all parts of a generator and store them as a model version.

    The first model of a part becomes its champion; a later one waits for its release (`factory-gen gate`).

    Args:
        work: where things are.
        part: name of the part.
        recipe: name or TOML file.
        budget_s: seconds for all trainings together.
        from_model: number or alias of the model to fine-tune.
        resume: go on where the last training with this recipe and seed broke off.
        seed: of everything random.
        view: "window" or "whole".
        token: of the request; with `resume`, the model that was made for it is given again instead of a second one.
        progress: told what goes on.

    Raises:
        InputRefused: no pictures, unknown recipe or model.
        Diverged: the loss stopped being a number.
    """
    started, say = time.monotonic(), progress or Silent()
    use_threads(work.settings.threads)
    plan = load_recipe(recipe)
    owner, dataset, parent = _origin(work, part, from_model)
    pictures = load_pictures(work, owner, view=view, window=plan.windows.size, few=plan.windows.references)
    start_from = load_parts(work.settings.models_dir / parent.folder) if parent else None
    folder = _training_folder(work, owner, plan, dataset, seed, view, parent, budget_s)
    training = partial(
        fit,
        pictures,
        plan,
        folder,
        seed=seed,
        budget_s=budget_s,
        view=view,
        device=work.settings.device,
        start_from=start_from,
        resume=resume,
    )
    stored = find_stored(work, owner, folder, token) if resume else None
    if follows_another_process():
        # Started by a launcher beside the first process, which alone tracks, measures and stores.
        stages = training().stages if stored is None else stored[0].stages
        return _report_of_follower(part, plan, stages, time.monotonic() - started)
    if not resume or (stored is None and is_closed(folder)):
        shutil.rmtree(folder, ignore_errors=True)
    tags = _tags(plan, dataset, seed, view)
    with open_tracker(work.settings).start_training_run(
        part, asdict(plan), tags, name=f"{part} {plan.name}", resume_run_id=_read_run(folder)
    ) as tracked:
        _write_run(folder, tracked.run_id)
        if stored is None:
            tracked.log_text(json.dumps(asdict(plan), indent=2), "recipe.json")
            result = training(report=TrainingProgress(say, tracked))
            say.start("measuring", None)
            unseen, measured_on = load_unseen(work, owner, pictures, view)
            found = assess(
                Generator(result.parts), pictures, unseen, windows=plan.training.measure_windows, seed=seed
            )
            say.finish("measuring")
            stored = store_model(
                work, owner, plan, dataset, parent, seed, result, found, measured_on, folder, token, tracked
            )
        note, model = stored
        show_in_tracking(work, owner, model)
    close_training(folder, note)
    return TrainReport(
        part=part,
        recipe=plan.name,
        model=model.number,
        champion=CHAMPION in model.aliases,
        seconds=time.monotonic() - started,
        stages=note.stages,
        figures=model.metrics,
        measured_on=note.measured_on,
        folder=str(work.settings.models_dir / model.folder),
        mlflow_run=model.mlflow_run_id,
        notes=_notes(pictures, model),
    )


def _tags(plan: Recipe, dataset: DatasetVersionRecord, seed: int, view: str) -> dict[str, str]:
    return {
        "recipe_sha256": plan.sha256,
        "dataset_version": str(dataset.number),
        "seed": str(seed),
        "view": view,
    }


def _origin(
    work: Workplace, part: str, from_model: str | None
) -> tuple[PartRecord, DatasetVersionRecord, ModelVersionRecord | None]:
    """The part, the catalogue version to learn from, and the model to fine-tune."""
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        dataset = rows.datasets.latest(owner.id, "catalogue")
        parent = rows.models.get(owner.id, which(from_model)) if from_model else None
    if dataset is None:
        raise InputRefused(
            expected=f"an ingested catalogue for {part}",
            found="none",
            action="Ingest a folder with part images first: factory-gen ingest DIR --part NAME.",
        )
    return owner, dataset, parent


def _training_folder(
    work: Workplace,
    part: PartRecord,
    plan: Recipe,
    dataset: DatasetVersionRecord,
    seed: int,
    view: str,
    parent: ModelVersionRecord | None,
    budget_s: float | None,
) -> Path:
    """Checkpoints of exactly this training; another recipe, seed or data set never resumes from them."""
    start = f"from{parent.number}" if parent else "fresh"
    name = f"{part.id}-{plan.sha256[:12]}-d{dataset.number}-s{seed}-{view}-{start}-{int(budget_s or 0)}"
    return work.settings.models_dir / "training" / name


def _read_run(folder: Path) -> str | None:
    path = folder / "mlflow_run"
    return path.read_text().strip() or None if path.exists() else None


def _write_run(folder: Path, run_id: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mlflow_run").write_text(run_id or "")


def _report_of_follower(
    part: str, plan: Recipe, stages: Mapping[str, tuple[int, float]], seconds: float
) -> TrainReport:
    return TrainReport(
        part=part,
        recipe=plan.name,
        model=0,
        champion=False,
        seconds=seconds,
        stages=stages,
        figures={},
        measured_on="nothing",
        folder="",
        mlflow_run=None,
        notes=("This process helped another one, which has stored the model.",),
    )


def _notes(pictures: PartPictures, model: ModelVersionRecord) -> tuple[str, ...]:
    notes = []
    if len(pictures.types) == 1:
        notes.append(
            "No masked defects: this model draws good windows only. Add defects with masks for more."
        )
    if CHAMPION not in model.aliases:
        notes.append(f"The champion stays as it is; use --model {model.number} to generate with this one.")
    return tuple(notes)
