"""What needs a person, from the registry and the disk; and the page Home that shows it."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_registry.records import PartRecord
from pipelines import schedule
from pipelines.queries.alarms import DISK, DRIFT, DUE, RETRAIN_FAILED, alarms_of
from pipelines.wiring import Workplace
from tests.data_registry.rows import sha
from tests.pipelines.drawn_part import draw_part, workplace

Usage = namedtuple("Usage", "total used free")


def window(rows: Any, part: PartRecord, number: int, over: list[str]) -> Any:
    return rows.monitoring.add_window(
        part.id,
        model_version_id=None,
        baseline_sha256=sha("baseline"),
        content_sha256=sha(number),
        source="/plant/line",
        images=50,
        figures={"brightness": {"value": 0.2 if over else 0.0, "limit": 0.1, "p": None}},
        exceeded=over,
        unusual={},
    )


def drift(work: Workplace, part: PartRecord) -> None:
    with work.registry.write() as rows:
        first, second = (window(rows, part, number, ["brightness"]) for number in (1, 2))
        rows.monitoring.add_alarm(part.id, first=first, second=second, indicators=["brightness"])


def drift_that_is_over(work: Workplace, part: PartRecord) -> None:
    drift(work, part)
    with work.registry.write() as rows:
        window(rows, part, 3, [])


def failed_retraining(work: Workplace, part: PartRecord) -> None:
    with work.registry.write() as rows:
        run = rows.retraining.start(part.id, cause="drift", started_by="Sato")
        rows.retraining.end(run.id, state="failed", reason="a full disk")


def due_retraining(work: Workplace, part: PartRecord) -> None:
    drift(work, part)
    with work.registry.write() as rows:
        rows.models.set_alias(part.id, "champion", rows.models.get(part.id, 1).id)
    schedule.set_policy(work, part.name, cron=None, timezone="UTC", triggers=["drift"], set_by="Sato")


@pytest.mark.parametrize(
    ("arrange", "kinds"),
    [
        (lambda *_: None, []),
        (drift, [DRIFT]),
        (drift_that_is_over, []),
        (failed_retraining, [RETRAIN_FAILED]),
        (due_retraining, [DRIFT, DUE]),
    ],
)
def test_alarms_stand_until_they_are_over(
    tmp_path: Path, arrange: Callable[[Workplace, PartRecord], None], kinds: list[str]
) -> None:
    with workplace(tmp_path) as work:
        part = draw_part(work, samples=1)
        arrange(work, part)
        found = alarms_of(work, part)
    assert [one.kind for one in found] == kinds
    assert all(one.indicators == ("brightness",) for one in found if one.kind == DRIFT)
    assert all(one.cause for one in found if one.kind in (DUE, RETRAIN_FAILED))


def test_a_disk_that_fills_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 10**9, 10**9))
    with workplace(tmp_path) as work:
        part = draw_part(work, samples=1)
        drift(work, part)
        found = alarms_of(work, part)
    assert [one.kind for one in found] == [DISK, DRIFT]
    assert found[0].free_gb == 1.0
