"""Waits before a dead service is started again."""

from __future__ import annotations

import pytest

from pipelines.engine.backoff import LONGEST_S, STEADY_S, Backoff


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(0, 0), (1, 1), (2, 2), (3, 4), (6, 32), (7, LONGEST_S), (5000, LONGEST_S)]
)
def test_waits_double_up_to_a_minute(failures: int, wait_s: float) -> None:
    assert Backoff(failures).wait_s == wait_s


def test_a_service_that_keeps_dying_waits_longer_and_a_steady_one_starts_afresh() -> None:
    tired = Backoff().died(1.0).died(1.0).died(1.0)
    assert tired.failures == 3
    assert tired.died(STEADY_S).failures == 1
