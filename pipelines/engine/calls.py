"""From a checked request to the job of `pipelines/` that does it. Heavy imports happen inside.

The token names one asking: with it, a job that was killed after its last step does not begin anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any

from pipelines.engine.kinds import Bench, Export, Gate, Generate, Ingest, Monitor, Retrain, Train
from pipelines.progress import Progress
from pipelines.wiring import Workplace


def ingest(work: Workplace, request: Ingest, _token: str, progress: Progress) -> Any:
    """Takes a folder in; the same folder again adds only what is new."""
    from pipelines import ingest as job
    from pipelines.intake.options import IngestOptions

    options = IngestOptions(**_rest(request, "part", "source"))
    return job.run(work, request.source, request.part, options=options, progress=progress)


def train(work: Workplace, request: Train, token: str, progress: Progress) -> Any:
    """Trains; goes on from the last checkpoint when the same training broke off."""
    from pipelines import train as job

    return job.run(work, request.part, **_rest(request, "part"), resume=True, token=token, progress=progress)


def generate(work: Workplace, request: Generate, _token: str, progress: Progress) -> Any:
    """Draws samples; those that are there already are kept."""
    from pipelines import generate as job

    return job.run(work, request.part, **_rest(request, "part"), progress=progress)


def gate(work: Workplace, request: Gate, _token: str, progress: Progress) -> Any:
    """Judges a version; goes on from the results that an earlier run left."""
    from pipelines import gate as job
    from pipelines.inspection.options import GateOptions
    from pipelines.release.version import Wanted

    options = GateOptions(**_rest(request, "part", "version", "defect", "model"), resume=True)
    wanted = Wanted(model=request.model, defect=request.defect)
    return job.run(
        work, request.part, version=request.version, wanted=wanted, options=options, progress=progress
    )


def export(work: Workplace, request: Export, _token: str, progress: Progress) -> Any:
    """Writes a version that may go."""
    from pipelines import export as job

    return job.run(work, request.part, **_rest(request, "part"), progress=progress)


def retrain(work: Workplace, request: Retrain, token: str, progress: Progress) -> Any:
    """Retrains and judges; goes on with a retraining of this part that was stopped."""
    from pipelines import retrain as job
    from pipelines.operation.retrain_steps import RetrainOptions

    why = ("cause", "due_at", "started_by")
    return job.run(
        work,
        request.part,
        data=request.data,
        options=RetrainOptions(**_rest(request, "part", "data", *why)),
        cause=request.cause,
        due_at=None if request.due_at is None else datetime.fromisoformat(request.due_at),
        started_by=request.started_by,
        token=token,
        progress=progress,
    )


def monitor(work: Workplace, request: Monitor, _token: str, progress: Progress) -> Any:
    """Judges incoming pictures; windows that were judged before are not judged again."""
    from pipelines import monitor as job

    return job.run(work, request.part, **_rest(request, "part"), progress=progress)


def bench(_work: Workplace, request: Bench, _token: str, progress: Progress) -> Any:
    """Fills a throw-away registry and measures it."""
    from pipelines.bench import registry as job

    return job.run(request.rows, None, progress)


CALLS: dict[str, Callable[[Workplace, Any, str, Progress], Any]] = {
    "ingest": ingest,
    "train": train,
    "generate": generate,
    "gate": gate,
    "export": export,
    "retrain": retrain,
    "monitor": monitor,
    "bench": bench,
}


def _rest(request: Any, *taken: str) -> dict[str, Any]:
    return {field.name: getattr(request, field.name) for field in fields(request) if field.name not in taken}
