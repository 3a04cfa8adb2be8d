from __future__ import annotations

from typing import Any

import pytest

from data_registry.errors import BadRecord, NotFound
from data_registry.outcome_records import VERDICTS
from data_registry.records import DatasetVersionRecord, PartRecord
from data_registry.session import Registry
from tests.data_registry.rows import sha


@pytest.fixture
def versions(registry: Registry, part: PartRecord) -> list[DatasetVersionRecord]:
    with registry.write() as work:
        return [
            work.datasets.add(part.id, kind="synthetic", manifest_sha256=sha(name), counts={"crack": 3})
            for name in ("v1", "v2")
        ]


def _verdict(version_id: int, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "dataset_version_id": version_id,
        "decision": "helps",
        "metric": "macro pixel AP",
        "lift": 0.05,
        "lift_low": 0.01,
        "lift_high": 0.09,
        "settings_sha256": sha("settings"),
        "report": {"arms": {"real": [0.5, 0.6]}, "more_defects": None},
    }
    return facts | changes


def test_the_last_verdict_on_a_version_counts(
    registry: Registry, part: PartRecord, versions: list[DatasetVersionRecord]
) -> None:
    one, two = versions
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        made = [
            work.verdicts.add(part.id, **_verdict(one.id, decision=VERDICTS[2], lift_low=-0.1)),
            work.verdicts.add(part.id, **_verdict(two.id)),
            work.verdicts.add(part.id, **_verdict(one.id, decision=VERDICTS[1], lift_low=-0.02)),
        ]
    with registry.read() as work:
        assert work.verdicts.list(part.id) == made
        assert work.verdicts.list(part.id, one.id) == [made[0], made[2]]
        assert work.verdicts.latest(part.id) == made[2]
        assert work.verdicts.latest(part.id, two.id) == made[1]
        assert work.verdicts.latest(part.id, two.id + 99) is None
        assert work.verdicts.latest(other.id) is None
    assert made[1].report == {"arms": {"real": [0.5, 0.6]}, "more_defects": None}
    assert (made[1].lift_low, made[1].lift, made[1].lift_high) == (0.01, 0.05, 0.09)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"decision": "perhaps"}, BadRecord),
        ({"metric": " "}, BadRecord),
        ({"lift": float("nan")}, BadRecord),
        ({"lift_low": 0.06}, BadRecord),
        ({"settings_sha256": "short"}, BadRecord),
        ({"report": {"lift": float("inf")}}, BadRecord),
        ({"report": {"when": object()}}, BadRecord),
        ({"dataset_version_id": 999}, NotFound),
    ],
)
def test_a_wrong_verdict_is_refused(
    registry: Registry,
    part: PartRecord,
    versions: list[DatasetVersionRecord],
    changes: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error), registry.write() as work:
        work.verdicts.add(part.id, **_verdict(versions[0].id, **changes))
    with registry.read() as work:
        assert work.verdicts.list(part.id) == []


def test_a_verdict_on_another_parts_version_is_refused(
    registry: Registry, part: PartRecord, versions: list[DatasetVersionRecord]
) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
    with pytest.raises(NotFound), registry.write() as work:
        work.verdicts.add(other.id, **_verdict(versions[0].id))
