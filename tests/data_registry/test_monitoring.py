from __future__ import annotations

from typing import Any

import pytest

from data_registry.errors import BadRecord, NotFound
from data_registry.records import PartRecord
from data_registry.session import Registry, Work
from data_registry.watch_records import MonitorWindowRecord
from tests.data_registry.rows import dataset, model, sha


def window(work: Work, part: PartRecord, name: object, **changes: Any) -> MonitorWindowRecord:
    facts: dict[str, Any] = {
        "model_version_id": None,
        "baseline_sha256": sha("baseline"),
        "content_sha256": sha(name),
        "source": "incoming",
        "images": 20,
        "figures": {"brightness": {"value": 3.0, "limit": 2.0}, "features": {"value": 0.1, "limit": 0.2}},
        "exceeded": ["brightness"],
        "unusual": {"brightness": ["a.png"]},
    }
    return work.monitoring.add_window(part.id, **facts | changes)


def test_the_same_pictures_against_the_same_baseline_are_one_window(
    registry: Registry, part: PartRecord
) -> None:
    with registry.write() as work:
        made_by = model(work, part, dataset(work, part))
        first = window(work, part, "a", model_version_id=made_by.id)
        again = window(work, part, "a", source="elsewhere", images=99)
        other = window(work, part, "a", baseline_sha256=sha("another"))
        third = window(work, part, "b", exceeded=[])
    with registry.read() as work:
        assert again == first
        assert work.monitoring.recent(part.id) == [first, other, third]
        assert work.monitoring.recent(part.id, limit=1) == [third]
        # another baseline's window does not stand between two of the same
        assert work.monitoring.before(third) == first
        assert work.monitoring.before(other) is None
    assert first.figures["brightness"]["limit"] == 2.0
    assert (first.exceeded, first.unusual, third.exceeded) == (("brightness",), {"brightness": ["a.png"]}, ())


def test_two_windows_raise_one_alarm(registry: Registry, part: PartRecord) -> None:
    with registry.write() as work:
        first, second = window(work, part, "a"), window(work, part, "b")
        alarm = work.monitoring.add_alarm(part.id, first=first, second=second, indicators=["brightness"])
        again = work.monitoring.add_alarm(part.id, first=first, second=second, indicators=["brightness"])
    with registry.read() as work:
        assert again == alarm
        assert work.monitoring.alarms(part.id) == [alarm]
    assert (alarm.first_window_id, alarm.second_window_id) == (first.id, second.id)


def test_an_alarm_needs_an_indicator_that_one_of_its_windows_exceeds(
    registry: Registry, part: PartRecord
) -> None:
    for indicators in ([], ["features"], ["brightness", "features"]):
        with pytest.raises(BadRecord), registry.write() as work:
            pair = window(work, part, "a"), window(work, part, "b")
            work.monitoring.add_alarm(part.id, first=pair[0], second=pair[1], indicators=indicators)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"baseline_sha256": "x"}, BadRecord),
        ({"content_sha256": "x"}, BadRecord),
        ({"images": 0}, BadRecord),
        ({"exceeded": ["unknown"]}, BadRecord),
        ({"figures": {"brightness": {"value": float("nan")}}}, BadRecord),
        ({"unusual": {"brightness": {1, 2}}}, BadRecord),
    ],
)
def test_a_wrong_window_is_refused(
    registry: Registry, part: PartRecord, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error), registry.write() as work:
        window(work, part, "a", **changes)
    with registry.read() as work:
        assert work.monitoring.recent(part.id) == []


def test_a_window_of_no_part_is_refused(registry: Registry, part: PartRecord) -> None:
    gone = PartRecord(
        id=part.id + 99,
        name="gone",
        source_root="",
        created_at=part.created_at,
        mm_per_pixel=None,
        allowed_region_sha256=None,
    )
    with pytest.raises(NotFound), registry.write() as work:
        window(work, gone, "a")
