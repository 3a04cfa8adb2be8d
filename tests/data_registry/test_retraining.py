from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from data_registry.errors import AlreadyExists, BadRecord, NotFound
from data_registry.records import PartRecord
from data_registry.session import Registry
from data_registry.watch_records import FAILED, KEPT, PROMOTED, RUNNING

DUE = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


def test_the_newest_policy_counts_and_the_older_ones_are_kept(registry: Registry, part: PartRecord) -> None:
    facts: dict[str, Any] = {"active": True, "cron": "0 2 1 */3 *", "timezone": "Asia/Tokyo"}
    with registry.write() as work:
        assert work.retraining.policy(part.id) is None
        first = work.retraining.set_policy(part.id, **facts, triggers=["drift"], set_by="ann")
        off = work.retraining.set_policy(
            part.id, **facts | {"active": False}, triggers=["drift"], set_by="ben"
        )
    with registry.read() as work:
        assert work.retraining.policy(part.id) == off
        assert work.retraining.policies(part.id) == [first, off]
    assert (first.cron, first.timezone, first.triggers, first.set_by, first.active) == (
        "0 2 1 */3 *",
        "Asia/Tokyo",
        ("drift",),
        "ann",
        True,
    )


@pytest.mark.parametrize(
    "changes",
    [{"triggers": ["moon"]}, {"set_by": " "}, {"cron": None, "triggers": []}],
    ids=["unknown trigger", "nobody", "nothing starts it"],
)
def test_a_wrong_policy_is_refused(registry: Registry, part: PartRecord, changes: dict[str, Any]) -> None:
    facts: dict[str, Any] = {
        "active": True,
        "cron": "0 2 * * *",
        "timezone": "UTC",
        "triggers": [],
        "set_by": "ann",
    }
    with pytest.raises(BadRecord), registry.write() as work:
        work.retraining.set_policy(part.id, **facts | changes)


def test_a_retraining_goes_from_start_to_end(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        run = work.retraining.start(part.id, cause="by hand", started_by="ann", progress={"champion": 1})
        work.retraining.note(run.id, {"model": 2})
    with registry.write() as work:
        found = work.retraining.running(part.id)
        assert found is not None
        assert (found.id, found.progress, found.state) == (run.id, {"champion": 1, "model": 2}, RUNNING)
        ended = work.retraining.end(run.id, state=KEPT, reason="not proven")
    with registry.read() as work:
        assert work.retraining.running(part.id) is None
        assert work.retraining.runs(part.id) == [ended]
    assert ended.ended_at is not None and ended.ended_at >= ended.started_at
    for call in (
        lambda work: work.retraining.note(run.id, {}),
        lambda work: work.retraining.end(run.id, state=PROMOTED, reason=""),
    ):
        with pytest.raises(BadRecord), registry.write() as work:
            call(work)
    with pytest.raises(NotFound), registry.write() as work:
        work.retraining.note(run.id + 99, {})
    with pytest.raises(BadRecord), registry.write() as work:
        other = work.retraining.start(part.id, cause="by hand", started_by="ann")
        work.retraining.end(other.id, state=RUNNING, reason="")


def test_one_retraining_at_a_time_and_one_per_due_moment(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        run = work.retraining.start(part.id, cause="calendar", started_by="clock", due_at=DUE)
    with pytest.raises(AlreadyExists, match="clock"), registry.write() as work:
        work.retraining.start(part.id, cause="by hand", started_by="ann")
    with registry.write() as work:
        work.retraining.end(run.id, state=FAILED, reason="disk full")
    same_moment = DUE.astimezone(timezone(timedelta(hours=9)))
    with pytest.raises(AlreadyExists), registry.write() as work:
        work.retraining.start(part.id, cause="calendar", started_by="clock", due_at=same_moment)
    with registry.write() as work:
        later = work.retraining.start(
            part.id, cause="calendar", started_by="clock", due_at=DUE + timedelta(days=90)
        )
    with registry.read() as work:
        assert [one.due_at for one in work.retraining.runs(part.id)] == [DUE, DUE + timedelta(days=90)]
    assert later.due_at == DUE + timedelta(days=90)
