"""Which model version a command works with, loaded and ready."""

from __future__ import annotations

from dataclasses import dataclass

from data_registry.records import ModelVersionRecord, PartRecord
from factory_gen.sampler.generator import Generator
from factory_gen.training.threads import use_threads
from pipelines.wiring import Workplace


@dataclass(frozen=True)
class ChosenModel:
    """A part, one of its model versions, and the generator loaded from it."""

    part: PartRecord
    version: ModelVersionRecord
    generator: Generator


def which(model: str | None) -> int | str | None:
    """A version number, an alias, or None for the champion."""
    return int(model) if model is not None and model.isdigit() else model


def choose_model(work: Workplace, part: str, model: str | None) -> ChosenModel:
    """Load a model version of a part.

    Raises:
        NotFound: no such part or model; what there is instead is listed.
        IntegrityError: the model's files are damaged.
    """
    use_threads(work.settings.threads)
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
        version = rows.models.get(owner.id, which(model))
    folder = work.settings.models_dir / version.folder
    return ChosenModel(owner, version, Generator.from_pretrained(folder, work.settings.device))
