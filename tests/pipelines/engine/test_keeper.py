"""Which jobs are lost: a table of what the engine believes, what the job said, and what the machine shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.engine.keeper import LONGEST_START, lost

NOW = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
PLACE = {"host": "box", "boot": "b1", "pid": 77}


def run(state: str, seconds_ago: float) -> dict[str, Any]:
    moment = (NOW - timedelta(seconds=seconds_ago)).isoformat()
    return {"id": "j", "state": {"type": state, "timestamp": moment}}


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
    found = lost(
        [run(state, seconds_ago)], told, host="box", boot="b1", lives=lambda pid: lives and pid == 77, now=NOW
    )
    assert [reason in why for _, why in found] == ([True] if reason else [])
    for _, why in found:
        assert why.endswith("Submit it again.")


def test_a_lost_job_is_closed_within_two_minutes() -> None:
    assert LONGEST_START + timedelta(seconds=10) < timedelta(minutes=2)
