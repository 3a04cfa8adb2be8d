from __future__ import annotations

from typing import Any

import pytest

from data_registry.errors import BadRecord, NotFound
from data_registry.records import PartRecord
from data_registry.session import Registry


def test_figures_are_kept_in_the_order_of_time(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        made = [
            work.kpis.add(part.id, name="speed", value=value, unit="s", low=value - 1, high=value + 1)
            for value in (4.0, 3.0, 2.0)
        ]
        rate = work.kpis.add(part.id, name="rate", value=0.5, unit="", details={"ok": 1, "of": 2})
        work.kpis.add(other.id, name="speed", value=9.0, unit="s")
    with registry.read() as work:
        assert work.kpis.page(part.id) == [*made, rate]
        assert work.kpis.page(part.id, name="speed", after_id=made[0].id, limit=1) == [made[1]]
        assert work.kpis.recent(part.id, "speed", limit=2) == made[1:]
        assert work.kpis.latest(part.id, "speed") == made[2]
        assert work.kpis.latest(part.id, "nothing") is None
        assert work.kpis.names(part.id) == ["rate", "speed"]
    assert (made[0].value, made[0].low, made[0].high, made[0].unit, made[0].details) == (
        4.0,
        3.0,
        5.0,
        "s",
        {},
    )
    assert (rate.low, rate.high, rate.details) == (None, None, {"ok": 1, "of": 2})
    assert made[0].created_at <= made[2].created_at


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": ""}, BadRecord),
        ({"value": float("nan")}, BadRecord),
        ({"high": float("inf")}, BadRecord),
        ({"low": 2.0, "high": 1.0}, BadRecord),
        ({"details": {"p": float("nan")}}, BadRecord),
        ({"part_id": 999}, NotFound),
    ],
)
def test_a_wrong_figure_is_refused(
    registry: Registry, part: PartRecord, changes: dict[str, Any], error: type[Exception]
) -> None:
    facts = {"part_id": part.id, "name": "speed", "value": 1.0, "unit": "s"} | changes
    with pytest.raises(error), registry.write() as work:
        work.kpis.add(facts.pop("part_id"), **facts)
    with registry.read() as work:
        assert work.kpis.page(part.id) == []
