"""Checks that forbid an export, and the reason for going on."""

from __future__ import annotations

import pytest

from factory_gen.errors import GateNotPassed, UsageError
from factory_gen.export.gate import Gate

FAILURE = {"expected": "a", "found": "b", "action": "Do c."}


def test_without_a_reason_the_first_failure_stops() -> None:
    with pytest.raises(GateNotPassed, match="--override REASON"):
        Gate().fail("read_back", **FAILURE)


def test_with_a_reason_failures_are_counted() -> None:
    gate = Gate("  customer asked ")
    for check in ("read_back", "locality", "read_back"):
        gate.fail(check, **FAILURE)
    assert (gate.reason, gate.overridden) == ("customer asked", {"locality": 1, "read_back": 2})


def test_a_reason_that_was_not_needed_is_not_recorded() -> None:
    assert (Gate("just in case").reason, Gate("just in case").overridden) == (None, {})


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_reason_is_no_reason(blank: str) -> None:
    with pytest.raises(UsageError, match="--override"):
        Gate(blank)
