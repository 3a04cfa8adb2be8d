from __future__ import annotations

from typing import Any

import pytest

from pipelines.operation.triggers import Facts, fired

QUIET: dict[str, Any] = {
    "alarms": [],
    "champion_data": 2,
    "newest_data": 2,
    "tried_data": 0,
    "approved": 0.9,
    "approved_before": 0.9,
    "approvals_tried": False,
}
ALL = ("drift", "approvals", "new-data")


@pytest.mark.parametrize(
    ("triggers", "changes", "word"),
    [
        (ALL, {}, ""),
        (ALL, {"alarms": ["sharpness"]}, "drift: sharpness"),
        (("approvals", "new-data"), {"alarms": ["sharpness"]}, ""),
        (ALL, {"newest_data": 3}, "new data: catalogue version 3"),
        (ALL, {"newest_data": 3, "tried_data": 3}, ""),
        (ALL, {"newest_data": 4, "tried_data": 3}, "new data"),
        (ALL, {"approved": 0.8}, "approvals: 80%"),
        (ALL, {"approved": 0.81}, ""),
        (ALL, {"approved": 0.5, "approvals_tried": True}, ""),
        (ALL, {"approved": None}, ""),
        (ALL, {"approved": 0.5, "approved_before": None}, ""),
        ((), {"alarms": ["sharpness"], "newest_data": 9, "approved": 0.1}, ""),
    ],
)
def test_what_fires(triggers: tuple[str, ...], changes: dict[str, Any], word: str) -> None:
    cause = fired(triggers, Facts(**QUIET | changes))
    assert cause.startswith(word)
    assert bool(cause) == bool(word)
