"""What needs a person: incoming pictures that drift, a retraining that is due or has failed, a disk that fills."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from data_registry.records import PartRecord
from pipelines import schedule
from pipelines.wiring import Workplace

DRIFT, DUE, RETRAIN_FAILED, DISK = "drift", "due", "retrain failed", "disk"
LEAST_FREE_GB = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is not as it should be.

    Attributes:
        kind: `DRIFT`, `DUE`, `RETRAIN_FAILED` or `DISK`.
        indicators: what drifts.
        cause: what a retraining is due for, or why it failed, in the words of whoever said so.
        free_gb: 10^9 bytes left on the disk.
    """

    kind: str
    indicators: Sequence[str] = ()
    cause: str = ""
    free_gb: float | None = None


def alarms_of(work: Workplace, part: PartRecord) -> tuple[Alarm, ...]:
    """The alarms of a part and of the machine, the most urgent first.

    Raises:
        NotFound: the part has been deleted.
    """
    found = []
    free_gb = shutil.disk_usage(work.settings.home).free / 1e9
    if free_gb < LEAST_FREE_GB:
        found.append(Alarm(kind=DISK, free_gb=free_gb))
    with work.registry.read() as rows:
        windows = rows.monitoring.recent(part.id, 1)
        alarms = rows.monitoring.alarms(part.id, 1)
    # an alarm stands until a window is within the limits again
    if alarms and windows and alarms[-1].second_window_id == windows[-1].id:
        found.append(Alarm(kind=DRIFT, indicators=tuple(alarms[-1].indicators)))
    plan = schedule.show(work, part.name)
    if plan.history and plan.history[0].state == "failed":
        found.append(Alarm(kind=RETRAIN_FAILED, cause=plan.history[0].reason))
    if plan.due_now:
        found.append(Alarm(kind=DUE, cause=plan.due_now))
    return tuple(found)
