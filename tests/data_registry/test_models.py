from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from data_registry.errors import BadRecord, NotFound
from data_registry.records import ModelVersionRecord, PartRecord
from data_registry.session import Registry
from tests.data_registry.rows import dataset, model, sha


@pytest.fixture
def three(registry: Registry, part: PartRecord) -> list[ModelVersionRecord]:
    """Two models that are ready and a failed one after them."""
    with registry.write() as work:
        version = dataset(work, part)
        first = model(work, part, version)
        second = model(work, part, version, folder="tile/0002", parent_id=first.id, mlflow_run_id="run")
        return [first, second, model(work, part, version, folder="tile/0003", status="failed", metrics={})]


def test_models_are_numbered_and_come_back_as_stored(
    registry: Registry, part: PartRecord, three: list[ModelVersionRecord]
) -> None:
    assert [one.number for one in three] == [1, 2, 3]
    assert (three[0].parent_id, three[1].parent_id) == (None, three[0].id)
    assert three[1].mlflow_run_id == "run"
    assert three[0].recipe == {"flow": {"steps": 100}}
    assert three[0].metrics == {"psnr": 36.5}
    with registry.read() as work:
        assert work.models.list(part.id) == three


@pytest.mark.parametrize(("which", "number"), [(None, 2), (1, 1), ("1", 1), ("v2", 2), (3, 3)])
def test_a_model_is_found_by_number_or_as_the_newest_that_is_ready(
    registry: Registry, part: PartRecord, three: list[ModelVersionRecord], which: Any, number: int
) -> None:
    with registry.read() as work:
        assert work.models.get(part.id, which) == three[number - 1]


def test_the_champion_comes_before_the_newest(
    registry: Registry, part: PartRecord, three: list[ModelVersionRecord]
) -> None:
    with registry.write() as work:
        work.models.set_alias(part.id, "champion", three[0].id)
        work.models.set_alias(part.id, "best_on_cracks", three[0].id)
    named = replace(three[0], aliases=("best_on_cracks", "champion"))
    with registry.read() as work:
        for which in (None, "champion", "best_on_cracks", 1):
            assert work.models.get(part.id, which) == named
        assert work.models.list(part.id) == [named, *three[1:]]


def test_an_alias_moves(registry: Registry, part: PartRecord, three: list[ModelVersionRecord]) -> None:
    for one in three[:2]:
        with registry.write() as work:
            work.models.set_alias(part.id, "champion", one.id)
    with registry.read() as work:
        assert work.models.get(part.id, "champion").number == 2
        assert work.models.get(part.id, 1).aliases == ()


@pytest.mark.parametrize("which", [4, "v4", "challenger", ""])
def test_a_missing_model_is_told_with_what_there_is(
    registry: Registry, part: PartRecord, three: list[ModelVersionRecord], which: Any
) -> None:
    with registry.write() as work:
        work.models.set_alias(part.id, "champion", three[0].id)
    with pytest.raises(NotFound) as refusal, registry.read() as work:
        work.models.get(part.id, which)
    assert "1 (ready), 2 (ready), 3 (failed), champion" in refusal.value.expected


@pytest.mark.parametrize("failed_only", [True, False])
def test_without_a_model_that_is_ready_one_must_train(
    registry: Registry, part: PartRecord, failed_only: bool
) -> None:
    with registry.write() as work:
        if failed_only:
            model(work, part, dataset(work, part), status="failed")
    with pytest.raises(NotFound, match="factory-gen train"), registry.read() as work:
        work.models.get(part.id)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": "done"}, BadRecord),
        ({"folder": ""}, BadRecord),
        ({"weights_sha256": "x"}, BadRecord),
        ({"recipe_sha256": "x"}, BadRecord),
        ({"parent_id": 99}, NotFound),
        ({"dataset_version_id": 99}, NotFound),
    ],
)
def test_a_model_with_a_wrong_fact_is_refused(
    registry: Registry, part: PartRecord, changes: dict[str, Any], error: type[Exception]
) -> None:
    with registry.write() as work:
        version = dataset(work, part)
    with pytest.raises(error), registry.write() as work:
        model(work, part, version, **changes)
    with registry.read() as work:
        assert work.models.list(part.id) == []


@pytest.mark.parametrize("alias", ["7", "v7", "", "two words"])
def test_an_alias_is_a_word_and_no_number(
    registry: Registry, part: PartRecord, three: list[ModelVersionRecord], alias: str
) -> None:
    with pytest.raises(BadRecord), registry.write() as work:
        work.models.set_alias(part.id, alias, three[0].id)


def test_an_alias_stays_within_its_part(
    registry: Registry, part: PartRecord, three: list[ModelVersionRecord]
) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
        own = work.datasets.add(other.id, kind="catalogue", manifest_sha256=sha("o"), counts={})
    with pytest.raises(NotFound), registry.write() as work:
        work.models.set_alias(other.id, "champion", three[0].id)
    with pytest.raises(NotFound), registry.write() as work:
        model(work, other, own, parent_id=three[0].id)
