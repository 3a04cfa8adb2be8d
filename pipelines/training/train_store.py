"""A trained model's way into the registry: one folder, one row, one version in MLflow, however often it is killed.

A note beside the checkpoints says where the model went. It is written before the row and read when the same training
is started again, so a row that is there is finished and never made a second time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from data_registry.records import DatasetVersionRecord, ModelVersionRecord, PartRecord
from factory_gen.composite.picture_grid import draw_grid
from factory_gen.sampler.assess import Assessment
from factory_gen.sampler.fit import FitResult
from factory_gen.sampler.generator import Generator
from factory_gen.sampler.parts import Parts
from factory_gen.sampler.recipe import Recipe
from pipelines.tracking import open_tracker
from pipelines.training.run_log import TrainingRun
from pipelines.training.tracking_aliases import version_of_model
from pipelines.wiring import Workplace

CHAMPION = "champion"
NOTE = "stored.json"


@dataclass(frozen=True, kw_only=True)
class StoredNote:
    """What a training has noted about its model.

    Attributes:
        folder: of the model, below the models folder.
        weights_sha256: of the model.
        token: of the request that was worked on; empty for a call by hand.
        stages, measured_on: for the report.
        complete: whether nothing is left to do.
    """

    folder: str
    weights_sha256: str
    token: str
    stages: Mapping[str, tuple[int, float]]
    measured_on: str
    complete: bool = False


def find_stored(
    work: Workplace, part: PartRecord, training: Path, token: str
) -> tuple[StoredNote, ModelVersionRecord] | None:
    """The model that this very training has stored; None when there is none yet.

    One that is complete counts only for the request that made it: the same training asked for once more is a new one.

    Args:
        work: where things are.
        part: whose model.
        training: folder of the checkpoints.
        token: of the request.
    """
    note = _read(training)
    if note is None:
        return None
    if note.complete and (not token or token != note.token):
        return None
    with work.registry.read() as rows:
        for model in rows.models.list(part.id):
            if (model.folder, model.weights_sha256) == (note.folder, note.weights_sha256):
                return note, model
    return None  # killed after the note and before the row


def store_model(
    work: Workplace,
    part: PartRecord,
    plan: Recipe,
    dataset: DatasetVersionRecord,
    parent: ModelVersionRecord | None,
    seed: int,
    result: FitResult,
    found: Assessment,
    measured_on: str,
    training: Path,
    token: str,
    tracked: TrainingRun,
) -> tuple[StoredNote, ModelVersionRecord]:
    """Write the model folder, then the note, then its row and its alias; the first model becomes the champion."""
    facts = replace(
        result.parts.facts, figures=found.figures, grain=found.grain, grain_spread=found.grain_spread
    )
    parts = Parts(**{**vars(result.parts), "facts": facts})
    with work.registry.read() as rows:
        number = max((m.number for m in rows.models.list(part.id)), default=0) + 1
    name = f"part{part.id}-model{number}"
    target = work.settings.models_dir / name
    # A folder without a row is what a kill between the two writes leaves behind: nobody refers to it.
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(target.with_name(name + ".part"), ignore_errors=True)
    weights = Generator(parts).save_pretrained(target)
    tracked.log_metrics({f"final.{key}": value for key, value in found.figures.items()}, 0)
    tracked.log_figure_png(draw_grid(list(found.grid), training / "samples.png"))
    note = StoredNote(
        folder=name, weights_sha256=weights, token=token, stages=result.stages, measured_on=measured_on
    )
    _write(training, note)
    with work.registry.write() as rows:
        model = rows.models.add(
            part.id,
            folder=name,
            weights_sha256=weights,
            recipe_name=plan.name,
            recipe_sha256=plan.sha256,
            recipe=json.loads(json.dumps(asdict(plan))),
            dataset_version_id=dataset.id,
            mlflow_run_id=tracked.run_id,
            parent_id=parent.id if parent else None,
            seed=seed,
            status="ready",
            metrics=found.figures,
        )
        if all(CHAMPION not in other.aliases for other in rows.models.list(part.id)):
            rows.models.set_alias(part.id, CHAMPION, model.id)
        return note, rows.models.get(part.id, model.number)


def show_in_tracking(work: Workplace, part: PartRecord, model: ModelVersionRecord) -> None:
    """Make the model's version in MLflow unless it is there, and let the alias follow the registry's."""
    tracker = open_tracker(work.settings)
    version = version_of_model(work.settings, part.name, model.number)
    if version is None:
        version = tracker.register_model(
            part.name,
            work.settings.models_dir / model.folder,
            run_id=model.mlflow_run_id,
            tags={"model": str(model.number), "weights": model.weights_sha256},
        )
    if CHAMPION in model.aliases:
        tracker.set_champion(part.name, version)


def is_closed(training: Path) -> bool:
    """Whether the training that used this folder has ended: the next one must not go on from what is left."""
    note = _read(training)
    return note is not None and note.complete


def close_training(training: Path, note: StoredNote) -> None:
    """Note that nothing is left to do, and remove the checkpoints."""
    _write(training, replace(note, complete=True))
    for path in training.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != NOTE:
            path.unlink(missing_ok=True)


def _read(training: Path) -> StoredNote | None:
    try:
        facts = json.loads((training / NOTE).read_text())
    except FileNotFoundError:
        return None
    stages = {name: (int(steps), float(seconds)) for name, (steps, seconds) in facts["stages"].items()}
    return StoredNote(**facts | {"stages": stages})


def _write(training: Path, note: StoredNote) -> None:
    fresh = training / f"{NOTE}.part"
    with fresh.open("w") as file:
        json.dump(asdict(note), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(training / NOTE)
