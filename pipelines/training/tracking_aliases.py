"""The alias `champion` in MLflow, kept at one with the registry's; and what MLflow knows of a part, forgotten.

It asks the client that `pipelines.tracking` opens, and imports nothing of MLflow itself.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from pipelines.settings import Settings
from pipelines.tracking import CHAMPION, MlflowTracker, model_name, open_tracker


def version_of_model(settings: Settings, part: str, model: int) -> int | None:
    """MLflow's version of the part's model number `model`; None without tracking, or if it was never registered."""
    client = _client(settings)
    if client is None:
        return None
    found = [
        int(version.version)
        for version in client.search_model_versions(f"name = '{_quoted(model_name(part))}'")
        if version.tags.get("model") == str(model)
    ]
    return max(found, default=None)


def point_champion(settings: Settings, part: str, model: int) -> None:
    """Let MLflow's alias `champion` point at a model of the registry; nothing to do where MLflow has no such model.

    Raises:
        TrackingBroken: the store cannot be opened.
    """
    version = version_of_model(settings, part, model)
    if version is not None:
        open_tracker(settings).set_champion(part, version)


def champion_model(settings: Settings, part: str) -> int | None:
    """Number of the registry's model that MLflow's alias points at, None if it points at none."""
    client = _client(settings)
    if client is None:
        return None
    for model in client.search_registered_models(f"name = '{_quoted(model_name(part))}'"):
        version = model.aliases.get(CHAMPION)
        if version is not None:
            number = client.get_model_version(model.name, str(version)).tags.get("model", "")
            return int(number) if number.isdigit() else None
    return None


def models_in_tracking(settings: Settings, part: str) -> list[int]:
    """Numbers of the part's models that MLflow knows, one for each of its versions, sorted; empty without tracking."""
    client = _client(settings)
    if client is None:
        return []
    found = client.search_model_versions(f"name = '{_quoted(model_name(part))}'")
    return sorted(int(version.tags["model"]) for version in found)


def artifacts_of(settings: Settings, part: str) -> Path:
    """Where MLflow keeps the figures of the part's runs."""
    return settings.mlflow_dir / "artifacts" / hashlib.sha256(part.encode()).hexdigest()[:16]


def forget(settings: Settings, part: str) -> int:
    """Delete the part's registered model, its experiment and its artifacts; gives the number of runs.

    The runs' names and figures stay in MLflow's store, marked as deleted and under another name, until `mlflow gc`.

    Raises:
        TrackingBroken: the store cannot be opened.
    """
    client = _client(settings)
    runs = 0
    if client is not None:
        if client.search_registered_models(f"name = '{_quoted(model_name(part))}'"):
            client.delete_registered_model(model_name(part))
        experiment = client.get_experiment_by_name(part)
        if experiment is not None and experiment.lifecycle_stage == "active":
            runs = len(client.search_runs([experiment.experiment_id]))
            # Its name would be taken for ever: a part of that name may be ingested again.
            client.rename_experiment(experiment.experiment_id, f"deleted {experiment.experiment_id}")
            client.delete_experiment(experiment.experiment_id)
    shutil.rmtree(artifacts_of(settings, part), ignore_errors=True)
    return runs


def _client(settings: Settings) -> Any | None:
    tracker = open_tracker(settings)
    return tracker.client() if isinstance(tracker, MlflowTracker) else None


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
