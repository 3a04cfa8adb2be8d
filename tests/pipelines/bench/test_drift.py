"""The bench of drift on a small trained part: which changes it says would be noticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from factory_gen.drift.changes import CHANGES
from factory_gen.errors import InputRefused
from pipelines.bench import drift as bench_drift
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace
from tests.pipelines.trained_part import PART, ingest_plant, train_part


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("drift")
    flags = {"home": folder / "home", "threads": 1, "device": "cpu"}
    with open_workplace(load_settings(flags, environ={}).settings) as place:
        ingest_plant(place, folder, good=60, defective=24)
        train_part(place, folder)
        yield place


def test_the_bench_says_which_changes_would_be_noticed_and_stores_nothing(work: Workplace) -> None:
    found = bench_drift.run(work, PART, draws=3, window=8)
    assert [line.change for line in found.changes] == ["none", *CHANGES]
    told = {line.change: line for line in found.changes}
    assert all(line.draws == 3 and line.alarms <= 3 for line in found.changes)
    assert told["blur, sigma 2 pixels"].alarms == 3
    assert told["blur, sigma 2 pixels"].by["sharpness"] == 3
    assert told["none"].alarms < 3
    assert 0 <= found.false_alarms_per_year <= found.false_alarms_most
    assert found.window == 8
    assert bench_drift.run(work, PART, draws=3, window=8).changes == found.changes
    with work.registry.read() as rows:
        assert rows.monitoring.recent(rows.parts.get(PART).id) == []


def test_a_catalogue_too_small_for_the_window_is_refused(work: Workplace) -> None:
    with pytest.raises(InputRefused, match="5 windows of 30"):
        bench_drift.run(work, PART, draws=1, window=30)
