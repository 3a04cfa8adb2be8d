"""Attempts at a job: which failures time may mend, and how often it gets the chance."""

from __future__ import annotations

import pytest

from data_registry.errors import Locked, NotFound
from factory_gen.errors import InputRefused, NoDevice, NoSpace
from pipelines.engine.work import MOST_RETRIES, may_mend, with_retries

TEXTS = {"expected": "a", "found": "b", "action": "c"}


@pytest.mark.parametrize(
    ("error", "mends"),
    [
        (Locked(**TEXTS), True),
        (NoDevice(**TEXTS), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (NoSpace(**TEXTS), False),
        (InputRefused(**TEXTS), False),
        (NotFound(**TEXTS), False),
        (FileNotFoundError(), False),
        (ValueError(), False),
    ],
)
def test_what_time_may_mend(error: Exception, mends: bool) -> None:
    assert may_mend(error) is mends


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_job_gets_two_more_attempts(failures: int) -> None:
    left = [Locked(**TEXTS)] * failures
    waits: list[float] = []

    def attempt() -> str:
        if left:
            raise left.pop()
        return "done"

    assert with_retries(attempt, before_retry=lambda *_: None, sleep=waits.append) == "done"
    assert waits == [15.0, 30.0][:failures]


def test_after_the_last_attempt_the_cause_comes_out() -> None:
    told: list[int] = []

    def attempt() -> None:
        raise Locked(**TEXTS)

    with pytest.raises(Locked):
        with_retries(
            attempt, before_retry=lambda _, attempts, __: told.append(attempts), sleep=lambda _: None
        )
    assert told == list(range(1, MOST_RETRIES + 1))


def test_a_refused_input_is_not_tried_again() -> None:
    def attempt() -> None:
        raise InputRefused(**TEXTS)

    with pytest.raises(InputRefused):
        with_retries(attempt, before_retry=lambda *_: pytest.fail("tried again"))
