"""What the training page reads: runs with their curves and sample grids from MLflow, models from the registry.

It asks the client that `pipelines.tracking` opens, and imports nothing of MLflow itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from data_registry.outcome_records import VerdictRecord
from data_registry.records import ModelVersionRecord, PartRecord
from pipelines.engine.places import read_note
from pipelines.settings import Settings
from pipelines.tracking import MlflowTracker, open_tracker
from pipelines.wiring import Workplace

MOST_RUNS = 40
MOST_POINTS = 300
GRID = "figures/samples.png"
FINAL = "final."


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One training.

    Attributes:
        id, name: MLflow's.
        status: "RUNNING", "FINISHED", "FAILED" or "KILLED".
        started_at, ended_at: UTC; None while it runs.
        curves: names of the figures with a curve.
        final: figures at the end, such as the calibration, without their prefix.
        settings: what it began with.
        model: number of the model that it gave, None before that.
        grid: file with drawn samples, None before there is one.
        address: MLflow's page of it, None where MLflow's server does not run.
    """

    id: str
    name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    curves: tuple[str, ...]
    final: Mapping[str, float]
    settings: Mapping[str, str]
    model: int | None
    grid: Path | None
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """One model and the last verdict on a version that it drew samples of alone or with others; None before one."""

    model: ModelVersionRecord
    samples: int
    verdict: VerdictRecord | None


class TrainingRuns:
    """Reads runs; the first one made in a process takes seconds, since MLflow is imported."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        tracker = open_tracker(settings)
        self._client: Any = tracker.client() if isinstance(tracker, MlflowTracker) else None

    def recent(self, work: Workplace, part: PartRecord) -> list[RunFacts]:
        """The newest trainings of a part, newest first; empty without tracking."""
        if self._client is None:
            return []
        experiment = self._client.get_experiment_by_name(part.name)
        if experiment is None:
            return []
        with work.registry.read() as rows:
            models = {one.mlflow_run_id: one.number for one in rows.models.list(part.id)}
        found = self._client.search_runs(
            [experiment.experiment_id],
            filter_string="tags.recipe_sha256 != ''",
            max_results=MOST_RUNS,
            order_by=["attributes.start_time DESC"],
        )
        server = _server(self._settings)
        return [_facts(run, models.get(run.info.run_id), server) for run in found]

    def curve(self, run_id: str, name: str) -> list[tuple[int, float]]:
        """Steps and values of one figure, at most 300 points, evenly over the run."""
        history = sorted(self._client.get_metric_history(run_id, name), key=lambda one: one.step)
        every = max(1, len(history) // MOST_POINTS)
        return [(int(one.step), float(one.value)) for one in history[::every]]


def models_of(work: Workplace, part: PartRecord) -> list[ModelFacts]:
    """All models of a part, newest first."""
    with work.registry.read() as rows:
        counts = rows.samples.counts(part.id)
        verdicts = rows.verdicts.list(part.id)
        return [
            ModelFacts(
                model=one,
                samples=sum(count.n for count in counts if count.model_version_id == one.id),
                verdict=_verdict_on(one.number, verdicts),
            )
            for one in reversed(rows.models.list(part.id))
        ]


def _verdict_on(model: int, verdicts: Sequence[VerdictRecord]) -> VerdictRecord | None:
    own = [one for one in verdicts if model in (one.report.get("generator") or ())]
    return own[-1] if own else None


def _facts(run: Any, model: int | None, server: str | None) -> RunFacts:
    metrics: Mapping[str, float] = run.data.metrics
    page = f"{server}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    return RunFacts(
        id=run.info.run_id,
        name=run.data.tags.get("mlflow.runName", run.info.run_id[:8]),
        status=run.info.status,
        started_at=_moment(run.info.start_time),
        ended_at=_moment(run.info.end_time) if run.info.end_time else None,
        curves=tuple(sorted(name for name in metrics if not name.startswith(FINAL))),
        final={
            name.removeprefix(FINAL): value
            for name, value in sorted(metrics.items())
            if name.startswith(FINAL)
        },
        settings=dict(sorted(run.data.params.items())),
        model=model,
        grid=_grid(run.info.artifact_uri),
        address=page if server else None,
    )


def _grid(artifacts: str) -> Path | None:
    place = urlparse(artifacts)
    if place.scheme not in ("", "file"):
        return None
    path = Path(unquote(place.path)) / GRID
    return path if path.is_file() else None


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _server(settings: Settings) -> str | None:
    """Where MLflow's own pages are, while the box runs."""
    note = read_note(settings)
    services = note.services if note else ()
    return next((one.address.rstrip("/") for one in services if one.name == "tracking" and one.address), None)
