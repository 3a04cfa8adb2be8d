"""The jobs as the engine's flows: each only hands its request to the job of the same name.

The only file that imports prefect. A worker of a box imports it in the job's own process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import Flow
from prefect.runtime import flow_run

from pipelines.engine.kinds import KINDS
from pipelines.engine.places import engine_of
from pipelines.engine.tell import EngineProgress
from pipelines.engine.work import work_on
from pipelines.settings import load_settings, quiet_environment, worker_device


def _work(kind: str, request: dict[str, Any], token: str) -> None:
    settings = load_settings({}).settings
    quiet_environment(settings)
    device = worker_device()
    with EngineProgress(engine_of(settings), str(flow_run.id), device) as progress:
        work_on(kind, request, token=token, settings=settings, device=device, progress=progress)


def _flow(kind: str) -> Flow[[dict[str, Any], str], None]:
    def job(request: dict[str, Any], token: str = "") -> None:
        _work(kind, request, token)

    made: Callable[[dict[str, Any], str], None] = job
    # a failed job is tried again inside, where its cause is known; the engine itself repeats nothing
    return Flow(made, name=kind, retries=0, validate_parameters=False, persist_result=False, log_prints=False)


ingest = _flow("ingest")
train = _flow("train")
generate = _flow("generate")
gate = _flow("gate")
export = _flow("export")
retrain = _flow("retrain")
monitor = _flow("monitor")
bench = _flow("bench")

FLOWS = {name: globals()[name] for name in KINDS}
