"""Which jobs are lost: a table of what the engine believes, what the job said, and what the machine shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.engine import keeper
from pipelines.engine.keeper import LONGEST_START, lost

NOW = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
PLACE = {"host": "box", "boot": "b1", "pid": 77}


def run(state: str, seconds_ago: float, process: str | None = None) -> dict[str, Any]:
    moment = (NOW - timedelta(seconds=seconds_ago)).isoformat()
    return {"id": "j", "state": {"type": state, "timestamp": moment}, "infrastructure_pid": process}


def seen(lives: bool) -> dict[str, Any]:
    """What this machine shows: process 77 lives, or none."""
    here = {"host": "box", "boot": "b1", "now": NOW}
    return here | dict.fromkeys(("lives", "begins"), lambda pid: lives and pid == 77)


@pytest.mark.parametrize(
    ("place", "state", "seconds_ago", "lives", "reason"),
    [
        (PLACE, "RUNNING", 5000, True, None),
        (PLACE, "RUNNING", 1, False, "process 77 has ended"),
        (PLACE, "CANCELLING", 1, False, "process 77 has ended"),
        (PLACE | {"boot": "b0"}, "RUNNING", 1, True, "started anew"),  # the number may be somebody else's now
        (
            PLACE | {"host": "other"},
            "RUNNING",
            5000,
            False,
            None,
        ),  # that box, or the silence rule, sees to it
        (PLACE | {"host": "other", "boot": "b0"}, "RUNNING", 5000, False, None),
        (None, "PENDING", 10, False, None),
        (None, "PENDING", LONGEST_START.total_seconds() + 1, False, "never began"),
        (None, "RUNNING", LONGEST_START.total_seconds() + 1, False, "never began"),
    ],
)
def test_lost(
    place: dict[str, Any] | None, state: str, seconds_ago: float, lives: bool, reason: str | None
) -> None:
    told = {} if place is None else {"j": place}
    found = lost([run(state, seconds_ago)], told, **seen(lives))
    assert [bool(reason) and str(reason) in why for _, why in found] == ([True] if reason else [])
    for _, why in found:
        assert why.endswith("Submit it again.")


def test_a_lost_job_is_closed_within_two_minutes() -> None:
    assert LONGEST_START + timedelta(seconds=10) < timedelta(minutes=2)


@pytest.mark.parametrize(
    ("process", "lives", "lost_now"),
    [
        ("77", True, False),
        ("box:77", True, False),
        ("77", False, True),
        ("78", True, True),
        (None, True, True),
    ],
)
def test_a_slow_start_is_no_loss_while_its_process_lives(
    process: str | None, lives: bool, lost_now: bool
) -> None:
    slow = run("PENDING", 10 * LONGEST_START.total_seconds(), process)
    assert bool(lost([slow], {}, **seen(lives))) is lost_now


def test_one_that_speaks_while_it_is_being_closed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    before = run("PENDING", 2 * LONGEST_START.total_seconds())

    class Spoken:
        def get(self, path: str) -> dict[str, Any]:
            assert path == "/flow_runs/j"
            return self.now

        def __init__(self, now: dict[str, Any]) -> None:
            self.now = now

    monkeypatch.setattr(keeper, "unfinished", lambda engine: [before])
    monkeypatch.setattr(keeper, "standings", lambda engine, ids: {})
    monkeypatch.setattr(keeper, "set_state", lambda engine, one, *rest, **force: closed.append(one))
    assert keeper.close_lost(Spoken(run("RUNNING", 0))) == ()  # type: ignore[arg-type]
    assert keeper.close_lost(Spoken(before)) == ("j",)  # type: ignore[arg-type]
    assert closed == ["j"]
