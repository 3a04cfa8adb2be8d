"""Durations as people type them."""

from __future__ import annotations

import pytest

from factory_gen.errors import UsageError
from pipelines.commands.values import seconds


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, None),
        ("90s", 90),
        ("20m", 1200),
        ("1h30m", 5400),
        ("1h30m5s", 5405),
        ("0.5h", 1800),
        (" 2m ", 120),
        ("720h", 2_592_000),
    ],
)
def test_seconds(text: str | None, wanted: float | None) -> None:
    assert seconds(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "20", "m", "20 m", "30m1h", "-5m", "0s", "1d", "1e3s", "nan", "721h", "１m"]
)
def test_seconds_refuses(text: str) -> None:
    with pytest.raises(UsageError, match="20m, 90s or 1h30m"):
        seconds(text)
