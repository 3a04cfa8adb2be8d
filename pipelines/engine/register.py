"""What the engine is taught at each start of a box: queues, jobs, and the rule for jobs that fall silent."""

from __future__ import annotations

from typing import Any

from pipelines.engine.device import CPU
from pipelines.engine.jobs import DEPLOYMENT
from pipelines.engine.kinds import KINDS
from pipelines.engine.rest import Engine

GPU = "gpu"
HEARTBEAT_S = 30
SILENT_S = 90
SILENCE_RULE = "factory-gen: a job without a heartbeat has crashed"
_FLOWS = "pipelines.engine.flows"


def teach(engine: Engine, devices: tuple[str, ...]) -> None:
    """Makes or updates the work pools, one deployment per kind of job, and the silence rule.

    Args:
        engine: a healthy engine.
        devices: of this box; with a GPU among them, jobs that compute go to the queue `gpu`.
    """
    pools = sorted({pool_of(device) for device in devices})
    for pool in pools:
        _make_pool(engine, pool)
    computing = GPU if GPU in pools or engine.get(f"/work_pools/{GPU}") else CPU
    for name, kind in KINDS.items():
        flow = engine.post("/flows/", {"name": name})
        engine.post(
            "/deployments/",
            {
                "name": DEPLOYMENT,
                "flow_id": flow["id"],
                "entrypoint": f"{_FLOWS}.{name}",
                "work_pool_name": computing if kind.computes else CPU,
                "enforce_parameter_schema": False,
                "parameter_openapi_schema": {"type": "object", "properties": {"request": {"type": "object"}}},
            },
        )
    _make_silence_rule(engine)


def pool_of(device: str) -> str:
    """The queue that a device's worker takes jobs from."""
    return CPU if device == CPU else GPU


def silence_rule() -> dict[str, Any]:
    """The automation: a run that has sent a heartbeat, then neither another nor an end for 90 s, has crashed."""
    ended = [f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")]
    return {
        "name": SILENCE_RULE,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "after": ["prefect.flow-run.heartbeat"],
            "expect": ["prefect.flow-run.heartbeat", *ended],
            "match": {"prefect.resource.id": ["prefect.flow-run.*"]},
            "for_each": ["prefect.resource.id"],
            "threshold": 1,
            "within": SILENT_S,
        },
        "actions": [
            {
                "type": "change-flow-run-state",
                "state": "CRASHED",
                "message": "No sign of life: its machine or its process has died. Submit it again.",
            }
        ],
    }


def _make_pool(engine: Engine, pool: str) -> None:
    if engine.get(f"/work_pools/{pool}") is None:
        template = {
            "job_configuration": {"command": "{{ command }}", "env": "{{ env }}", "working_dir": None},
            # our own command spares the engine a second process that looks for the code
            "variables": {
                "type": "object",
                "properties": {
                    "command": {"type": "string", "default": "python -m prefect.engine"},
                    "env": {"type": "object", "default": {}},
                },
            },
        }
        engine.post("/work_pools/", {"name": pool, "type": "process", "base_job_template": template})


def _make_silence_rule(engine: Engine) -> None:
    for rule in engine.post("/automations/filter", {}):
        if rule["name"] == SILENCE_RULE:
            engine.delete(f"/automations/{rule['id']}")
    engine.post("/automations/", silence_rule())
