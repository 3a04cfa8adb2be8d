"""Stages are timed for themselves, in threads too, and only while somebody asks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from factory_gen.stages import measured, stage


def work(name: str, seconds: float) -> None:
    with stage(name):
        time.sleep(seconds)


def test_an_inner_stage_is_not_counted_twice() -> None:
    with measured() as clock, stage("outer"):
        time.sleep(0.02)
        work("inner", 0.05)
        work("inner", 0.05)
    assert clock.calls == {"inner": 2, "outer": 1}
    assert 0.1 <= clock.seconds["inner"] < 0.5
    assert 0.02 <= clock.seconds["outer"] < clock.seconds["inner"]
    assert 0 <= clock.processor["inner"] < 0.05  # asleep


def test_a_stage_that_fails_is_counted_and_the_next_measurement_begins_at_nothing() -> None:
    with measured() as first:
        with pytest.raises(ValueError, match="stop"), stage("bad"):
            raise ValueError("stop")
        work("good", 0.0)
    with measured() as second:
        work("good", 0.0)
    assert first.calls == {"bad": 1, "good": 1}
    assert second.calls == {"good": 1}


def test_a_thread_with_the_callers_context_is_timed_and_nothing_is_outside_a_measurement() -> None:
    with measured() as clock, ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, work, "aside", 0.01).result()
        pool.submit(work, "unasked", 0.01).result()
    work("later", 0.0)
    assert set(clock.seconds) == {"aside"}
