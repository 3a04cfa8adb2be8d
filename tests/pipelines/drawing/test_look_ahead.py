"""Looking ahead gives the same results in the same order, only sooner, and cleans up behind it."""

from __future__ import annotations

import threading

import pytest

from pipelines.drawing.look_ahead import look_ahead


@pytest.mark.parametrize("depth", [0, 1, 3, 99])
def test_results_come_in_order(depth: int) -> None:
    with look_ahead(lambda n: n * n, range(7), depth) as results:
        assert list(results) == [0, 1, 4, 9, 16, 25, 36]
    with look_ahead(lambda n: n, [], depth) as results:
        assert list(results) == []


@pytest.mark.parametrize(("depth", "made"), [(0, 1), (2, 3)])
def test_no_more_is_made_ahead_than_asked(depth: int, made: int) -> None:
    begun: list[int] = []
    with look_ahead(lambda n: begun.append(n) or n, range(9), depth) as results:  # type: ignore[func-returns-value]
        assert next(results) == 0
        threading.Event().wait(0.05)
        assert len(begun) == made


def test_a_failure_is_raised_where_its_result_is_asked_for_and_the_thread_ends() -> None:
    def make(number: int) -> int:
        if number == 1:
            raise ValueError("broken file")
        return number

    before = threading.active_count()
    with pytest.raises(ValueError, match="broken file"), look_ahead(make, range(5), 1) as results:
        assert next(results) == 0
        next(results)
    assert threading.active_count() == before
