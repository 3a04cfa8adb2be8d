"""The steps of a retraining, each of which finds out whether it was done before and then does nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_registry.outcome_records import HARMS, HELPS
from data_registry.records import ModelVersionRecord, PartRecord
from data_registry.watch_records import RetrainRunRecord
from factory_gen.errors import InputRefused
from pipelines import gate, generate, train
from pipelines.inspection.options import GateOptions
from pipelines.progress import Progress
from pipelines.recipe import load_recipe, recipe_names
from pipelines.release.checks import refuse_empty
from pipelines.release.version import Wanted, freeze_version, write_version
from pipelines.training.train_store import show_in_tracking
from pipelines.wiring import Workplace


@dataclass(frozen=True, kw_only=True)
class RetrainOptions:
    """How a retraining is done; kept with it, so that a killed one goes on as it began.

    Attributes:
        recipe: name or TOML file; empty takes the champion's own.
        budget_s: seconds for the training; None leaves it to the recipe.
        count: samples drawn by each of the two models.
        settings, inspector, seeds, shares: of the gate.
    """

    recipe: str = ""
    budget_s: float | None = None
    count: int = 200
    settings: str = "small"
    inspector: str = "segmentation"
    seeds: int = 3
    shares: str = "auto"


@dataclass(frozen=True)
class Judged:
    """What the gate said of one model's samples: verdict, lift over real data alone with its interval."""

    decision: str
    lift: float
    low: float
    high: float


def check_hold_out(work: Workplace, part: PartRecord) -> None:
    """Refuse before hours of training what the gate would refuse after them.

    Raises:
        InputRefused: no good picture or no masked defect in the hold-out.
    """
    with work.registry.read() as rows:
        held = [one for one in rows.images.counts(part.id) if one.split == "holdout"]
    good = sum(one.n for one in held if one.kind == "good")
    masked = sum(one.n for one in held if one.has_mask)
    if not good or not masked:
        raise InputRefused(
            expected="held-out good pictures and held-out defects with masks, to judge the new model by",
            found=f"{good} good pictures and {masked} masked defects in the hold-out of {part.name}",
            action="Ingest further groups of pictures, or ingest into a new part with a smaller --generator-share.",
        )


def trained(
    work: Workplace,
    part: PartRecord,
    run: RetrainRunRecord,
    champion: ModelVersionRecord,
    how: RetrainOptions,
    say: Progress,
) -> int:
    """Number of the challenger, fine-tuned from the champion; its seed is the number of the retraining.

    A model that a killed call has stored is the challenger, too; its number tells it from others, not the clock.
    """
    with work.registry.read() as rows:
        made = [
            model
            for model in rows.models.list(part.id)
            if (model.parent_id, model.seed) == (champion.id, run.id)
            and model.number > run.progress.get("newest model", 0)
        ]
    if made:
        show_in_tracking(work, part, made[-1])
        return made[-1].number
    view = json.loads((work.settings.models_dir / champion.folder / "part.json").read_text())["view"]
    report = train.run(
        work,
        part.name,
        recipe=how.recipe or _own_recipe(work, run, champion),
        budget_s=how.budget_s,
        from_model=str(champion.number),
        resume=True,
        seed=run.id,
        view=view,
        progress=say,
    )
    return report.model


def drawn(work: Workplace, part: PartRecord, run_id: int, model: int, count: int, say: Progress) -> int:
    """Number of the synthetic version of `count` samples by a model; the same seed for both models."""
    report = generate.run(work, part.name, count=count, seed=run_id, model=str(model), progress=say)
    with tempfile.NamedTemporaryFile(dir=work.settings.home, prefix=".version-") as spool:
        selection = write_version(work, part, Wanted(request=report.request), spool.file)
        spool.flush()
        refuse_empty(selection, selection.types)
        return freeze_version(work, part, selection, Path(spool.name)).number


def judged(work: Workplace, part: PartRecord, version: int, how: RetrainOptions, say: Progress) -> Judged:
    """The gate's word on a version; trainings that an earlier call left are not done again."""
    options = GateOptions(
        settings=how.settings, inspector=how.inspector, seeds=how.seeds, shares=how.shares, resume=True
    )
    line = f"factory-gen gate --part {part.name} --version {version} --settings {how.settings}"
    report = gate.run(work, part.name, version=version, options=options, command_line=line, progress=say)
    return Judged(report.verdict, report.lift, report.lift_low, report.lift_high)


def decide(champion: Judged, challenger: Judged) -> tuple[bool, str]:
    """Whether the challenger passes, and why.

    Both were held against the same inspectors on the same held-out real pictures. The challenger passes if its samples
    help by the gate's own rule and lift at least as much as the champion's.
    """
    lifts = f"lift {challenger.lift:+.3f} [{challenger.low:+.3f}, {challenger.high:+.3f}]"
    own = f"the champion's {champion.lift:+.3f} [{champion.low:+.3f}, {champion.high:+.3f}] ({champion.decision})"
    if challenger.decision != HELPS:
        word = "do harm" if challenger.decision == HARMS else "are not proven to help"
        return False, f"the challenger's samples {word}: {lifts}; {own}"
    if challenger.lift < champion.lift:
        return False, f"the challenger's samples help, but less than the champion's: {lifts}, {own}"
    return True, f"the challenger's samples help at least as much: {lifts}, {own}"


def _own_recipe(work: Workplace, run: RetrainRunRecord, champion: ModelVersionRecord) -> str:
    """The recipe that the champion was trained by: by its name if it still says the same, else from the registry."""
    name = champion.recipe_name
    if name in recipe_names() and load_recipe(name).sha256 == champion.recipe_sha256:
        return name
    path = work.settings.home / "retrain" / f"run{run.id}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_toml(champion.recipe))
    return str(path)


def to_toml(recipe: Mapping[str, Any]) -> str:
    """A recipe's mapping (tables of plain values, as the registry keeps them) as TOML; empty values are left out."""
    plain = {key: value for key, value in recipe.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in recipe.items() if isinstance(value, Mapping)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items() if value is not None]
    for name, table in tables.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items() if value is not None]
    return "\n".join(lines) + "\n"
