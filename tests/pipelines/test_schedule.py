"""Policies and what they make due, on a real registry: catch-up, no double start, triggers, stopped runs, the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import AlreadyExists, Locked, NotFound
from data_registry.records import PartRecord
from data_registry.watch_records import KEPT
from factory_gen.errors import UsageError
from pipelines import schedule
from pipelines.lease_holder import held, is_dead, me
from pipelines.wiring import Workplace
from tests.data_registry.rows import dataset, model, sha
from tests.pipelines.ingested import PART, workplace

CRON = "0 2 1 */3 *"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workplace]:
    with workplace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def part(work: Workplace) -> PartRecord:
    """A part with a champion."""
    with work.registry.write() as rows:
        made = rows.parts.add(PART, source_root="x")
        champion = model(rows, made, dataset(rows, made))
        rows.models.set_alias(made.id, "champion", champion.id)
    return made


def set_policy(work: Workplace, **changes: Any) -> schedule.ScheduleReport:
    facts: dict[str, Any] = {
        "cron": CRON,
        "timezone": "Europe/Berlin",
        "triggers": ["drift"],
        "set_by": "ann",
    }
    return schedule.set_policy(work, PART, **facts | changes)


def later(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


def finish(work: Workplace, part: PartRecord, due: schedule.Due) -> None:
    """A retraining for what was due, from its start to its end."""
    with work.registry.write() as rows:
        run = rows.retraining.start(part.id, cause=due.cause, started_by="schedule", due_at=due.due_at)
        rows.retraining.end(run.id, state=KEPT, reason="not proven")


def test_a_policy_is_shown_with_who_set_it_and_can_be_switched_off(work: Workplace, part: PartRecord) -> None:
    report = set_policy(work)
    assert (report.active, report.cron, report.set_by, report.triggers) == (True, CRON, "ann", ("drift",))
    assert report.next_due is not None and report.next_due > datetime.now(UTC)
    off = schedule.switch_off(work, PART, set_by="ben")
    assert (off.active, off.cron, off.set_by, off.next_due) == (False, CRON, "ben", None)
    assert schedule.due_now(work, later(days=400)) == []
    with work.registry.read() as rows:
        events = rows.audit.of(f"part {PART}")
    assert [(event.actor, event.action) for event in events] == [
        ("ann", "schedule retrain"),
        ("ben", "schedule off"),
    ]


def test_three_missed_moments_are_one_catch_up_and_the_next_is_a_quarter_on(
    work: Workplace, part: PartRecord
) -> None:
    set_policy(work, triggers=[])
    assert schedule.due_now(work) == []
    (due,) = schedule.due_now(work, later(days=300))
    assert due.part == PART and due.due_at is not None and CRON in due.cause
    assert later(days=300) - due.due_at < timedelta(days=93)
    finish(work, part, due)
    assert schedule.due_now(work, later(days=300)) == []
    with pytest.raises(AlreadyExists):
        finish(work, part, due)  # another scheduler with the same answer
    (again,) = schedule.due_now(work, later(days=393))
    assert again.due_at is not None and again.due_at > due.due_at


def test_an_alarm_is_due_once(work: Workplace, part: PartRecord) -> None:
    set_policy(work, cron=None)
    with work.registry.write() as rows:
        windows = [
            rows.monitoring.add_window(
                part.id,
                model_version_id=None,
                baseline_sha256=sha("b"),
                content_sha256=sha(number),
                source="x",
                images=9,
                figures={"sharpness": {"value": 1.0}},
                exceeded=["sharpness"],
                unusual={},
            )
            for number in range(2)
        ]
        rows.monitoring.add_alarm(part.id, first=windows[0], second=windows[1], indicators=["sharpness"])
    (due,) = schedule.due_now(work)
    assert (due.due_at, "sharpness" in due.cause) == (None, True)
    assert schedule.show(work, PART).due_now == due.cause
    finish(work, part, due)
    assert schedule.due_now(work) == []


def test_new_data_is_due_once(work: Workplace, part: PartRecord) -> None:
    set_policy(work, cron=None, triggers=["new-data"])
    assert schedule.due_now(work) == []
    with work.registry.write() as rows:
        dataset(rows, part, "v2")
    (due,) = schedule.due_now(work)
    assert "catalogue version 2" in due.cause
    with work.registry.write() as rows:
        run = rows.retraining.start(part.id, cause=due.cause, started_by="x", progress={"data": 2})
        rows.retraining.end(run.id, state=KEPT, reason="")
    assert schedule.due_now(work) == []


def test_a_stopped_retraining_is_gone_on_with_and_a_running_one_left_alone(
    work: Workplace, part: PartRecord
) -> None:
    set_policy(work)
    with work.registry.write() as rows:
        rows.retraining.start(part.id, cause="by hand", started_by="ann")
    with held(work.registry, f"retrain/{part.id}"):
        assert schedule.due_now(work) == []
    (due,) = schedule.due_now(work)
    assert (due.cause, due.due_at) == ("by hand", None)


def test_a_clock_that_was_set_back_starts_nothing_and_is_named(work: Workplace, part: PartRecord) -> None:
    set_policy(work)
    with pytest.raises(Locked, match="clock"):
        schedule.due_now(work, later(days=-1))
    assert "clock" in schedule.show(work, PART, later(days=-1)).due_now


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"cron": "0 2 1"}, "five fields"),
        ({"cron": "0 2 31 2 *"}, "a date that comes"),
        ({"timezone": "Mars"}, "time zone"),
        ({"triggers": ["moon"]}, "moon"),
        ({"cron": None, "triggers": []}, "neither"),
    ],
)
def test_a_wrong_policy_is_refused_and_not_stored(
    work: Workplace, part: PartRecord, changes: dict[str, Any], word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        set_policy(work, **changes)
    assert schedule.show(work, PART).set_by is None


def test_what_there_is_nothing_of_is_refused_with_the_next_step(work: Workplace) -> None:
    with pytest.raises(NotFound, match="ingest"):
        set_policy(work)
    with work.registry.write() as rows:
        rows.parts.add(PART, source_root="x")
    with pytest.raises(NotFound, match="factory-gen train"):
        set_policy(work)  # no champion yet
    with pytest.raises(NotFound, match="schedule retrain"):
        schedule.switch_off(work, PART, set_by="ann")
    with pytest.raises(NotFound, match="'tile'"):
        schedule.show(work, "tyle")


def test_a_lease_of_a_dead_process_is_taken_over_at_once_and_of_a_living_one_not(work: Workplace) -> None:
    host, pid, born = me().rsplit(":", 2)
    assert not is_dead(me())
    assert is_dead(f"{host}:{pid}:{int(born) - 1}")  # the same number, an earlier process
    assert not is_dead(f"elsewhere:{pid}:1")
    with work.registry.write() as rows:
        rows.leases.take("a", holder=f"{host}:{pid}:{int(born) - 1}", seconds=300)
        rows.leases.take("b", holder="elsewhere:1:1", seconds=300)
    with held(work.registry, "a"), work.registry.read() as rows:
        lease = rows.leases.of("a")
        assert lease is not None and lease.holder == me()
    with work.registry.read() as rows:
        assert rows.leases.of("a") is None
    with pytest.raises(Locked, match="elsewhere"), held(work.registry, "b"):
        pass
