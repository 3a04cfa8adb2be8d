"""Jobs whose process is gone although the engine believes that they run: after a power cut, a kill, a lost machine.

The keeper of a box can see the processes of its own machine and ends such jobs within seconds. For jobs of a machine
that is gone as a whole there is the engine's silence rule (`register.py`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.engine.end_process import is_job
from pipelines.engine.jobs import CANCELLED_BY, set_state, standings, unfinished
from pipelines.engine.places import boot_id, born
from pipelines.engine.rest import Engine

# a job that has been given to a worker, has not spoken since, and has no process on this machine
LONGEST_START = timedelta(seconds=100)


def close_lost(engine: Engine) -> tuple[str, ...]:
    """Marks lost jobs as crashed, or as cancelled where that was wanted. Returns their numbers.

    Raises:
        EngineDown: the engine does not answer.
    """
    runs = unfinished(engine)
    told = standings(engine, [run["id"] for run in runs])
    here, boot = socket.gethostname(), boot_id()
    closed = []
    gone = lost(
        runs,
        told,
        host=here,
        boot=boot,
        lives=lambda pid: born(pid) > 0,
        begins=is_job,
        now=datetime.now(UTC),
    )
    for run, why in gone:
        now = engine.get(f"/flow_runs/{run['id']}")
        if now is None or now["state"]["timestamp"] != run["state"]["timestamp"]:
            continue  # it has just spoken: the next round looks at it afresh
        wanted = run["state"]["type"] == "CANCELLING"
        state, reason = ("CANCELLED", CANCELLED_BY) if wanted else ("CRASHED", why)
        set_state(engine, run["id"], state, reason, force=True)
        closed.append(run["id"])
    return tuple(closed)


def lost(
    runs: Iterable[Mapping[str, Any]],
    told: Mapping[str, Mapping[str, Any]],
    *,
    host: str,
    boot: str,
    lives: Callable[[int], bool],
    begins: Callable[[int], bool],
    now: datetime,
) -> list[tuple[Mapping[str, Any], str]]:
    """Of the runs that say they have begun, those whose process is gone, each with the reason.

    Args:
        runs: the engine's JSON of unfinished runs.
        told: what each has said about where it runs.
        host, boot: this machine, and this start of it.
        lives: whether a process of this machine lives.
        begins: whether it does and is a job; asked of those that have not spoken yet, as on a busy machine, where it
            takes minutes to import everything.
        now: the time, with a zone.
    """
    found = []
    for run in runs:
        place = told.get(run["id"])
        if place is None:
            silent = now - datetime.fromisoformat(run["state"]["timestamp"])
            if silent > LONGEST_START and not begins(_started_as(run)):
                found.append((run, "It was given to a worker and never began. Submit it again."))
        elif place["host"] == host and place["boot"] != boot:
            found.append((run, "The machine was started anew while it ran. Submit it again."))
        elif place["host"] == host and not lives(int(place["pid"])):
            found.append((run, f"Its process {place['pid']} has ended without a word. Submit it again."))
    return found


def _started_as(run: Mapping[str, Any]) -> int:
    """Number of the process that a worker has started for a run; 0 when it has not said so."""
    word = str(run.get("infrastructure_pid") or "").rpartition(":")[2]
    return int(word) if word.isdigit() else 0
