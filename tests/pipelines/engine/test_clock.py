"""When the box starts a retraining by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.engine.clock import may_start
from pipelines.engine.job import Job

NOW = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def job(state: str, minutes_ago: float) -> Job:
    ended = NOW - timedelta(minutes=minutes_ago)
    return Job(
        id="j",
        kind="retrain",
        part="tile",
        state=state,
        request={},
        message="",
        created_at=ended,
        started_at=ended,
        ended_at=ended if state in ("done", "failed", "crashed", "cancelled") else None,
    )


@pytest.mark.parametrize(
    ("earlier", "starts"),
    [
        ([], True),
        ([job("done", 1)], True),
        ([job("crashed", 1)], True),
        ([job("failed", 59)], False),
        ([job("cancelled", 59)], False),
        ([job("failed", 61)], True),
        ([job("done", 1), job("failed", 2)], True),
        ([job("queued", 1)], False),
        ([job("done", 1), job("running", 2)], False),
    ],
)
def test_one_at_a_time_and_not_again_and_again_after_a_failure(earlier: list[Job], starts: bool) -> None:
    assert may_start(earlier, NOW) is starts
