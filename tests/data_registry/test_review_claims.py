"""Who gets which sample to decide on, and taking decisions back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_registry.errors import NotFound
from data_registry.records import PartRecord
from data_registry.reviews import TAKEN_BACK, claim_name
from data_registry.session import Registry, open_registry
from tests.data_registry.rows import dataset, good, model, sample, stored_image


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(f"sqlite:///{tmp_path / 'registry.db'}") as opened:
        yield opened


@pytest.fixture
def part(registry: Registry) -> PartRecord:
    with registry.write() as rows:
        owner = rows.parts.add("tile", source_root="plant")
        image = stored_image(rows, owner, good())
        made_by = model(rows, owner, dataset(rows, owner))
        kinds = ("crack", "pit")
        rows.samples.add_many(
            owner.id, [sample(image, made_by, n, defect_type=kinds[n % 2]) for n in range(8)]
        )
    return owner


def test_two_desks_never_get_the_same_sample(registry: Registry, part: PartRecord) -> None:
    with registry.write() as rows:
        first = rows.reviews.claim(part.id, holder="A", count=3, seconds=60)
        second = rows.reviews.claim(part.id, holder="B", count=9, seconds=60)
    assert first == [1, 2, 3]
    assert second == [4, 5, 6, 7, 8]


def test_own_claims_come_again_and_outlived_ones_go_to_others(registry: Registry, part: PartRecord) -> None:
    with registry.write() as rows:
        assert rows.reviews.claim(part.id, holder="A", count=2, seconds=60) == [1, 2]
        assert rows.reviews.claim(part.id, holder="A", count=2, seconds=60, leave_out=[1]) == [2, 3]
        rows.leases.take(claim_name(1), holder="A", seconds=-1)
        assert rows.reviews.claim(part.id, holder="B", count=2, seconds=60) == [1, 4]


def test_decided_samples_and_other_types_are_left_out(registry: Registry, part: PartRecord) -> None:
    with registry.write() as rows:
        rows.reviews.add(2, decision="ok", reviewer="Sato")
        claimed = rows.reviews.claim(part.id, holder="A", count=9, seconds=60, defect_type="pit")
        assert claimed == [4, 6, 8]
        assert rows.reviews.claim(part.id, holder="A", count=9, seconds=60, defect_type="dent") == []


def test_taking_back_goes_to_the_decision_before(registry: Registry, part: PartRecord) -> None:
    with registry.write() as rows:
        first = rows.reviews.add(1, decision="ok", reviewer="Sato")
        second = rows.reviews.add(1, decision="ng", reviewer="Sato")
        rows.reviews.take_back(second.id, reviewer="Sato")
        assert rows.samples.get(1).latest_review == "ok"
        rows.reviews.take_back(first.id, reviewer="Sato")
        assert rows.samples.get(1).latest_review is None
        assert [one.reason for one in rows.reviews.of(1)] == ["", "", TAKEN_BACK, TAKEN_BACK]
        with pytest.raises(NotFound):
            rows.reviews.take_back(99, reviewer="Sato")


def test_last_decisions_are_found_one_after_the_other(registry: Registry, part: PartRecord) -> None:
    with registry.write() as rows:
        for number in (1, 2, 3):
            rows.reviews.add(number, decision="ok", reviewer="Sato")
        rows.reviews.add(3, decision="ng", reviewer="Ito")
        control = rows.reviews.add_control(1, decision="ng", reviewer="Sato", session="blind")
        undone = []
        while (last := rows.reviews.last_by(part.id, "Sato")) is not None:
            undone.append(last.sample_id)
            rows.reviews.take_back(last.id, reviewer="Sato")
        assert undone == [2, 1]
        found = rows.reviews.last_by(part.id, "Sato", session="blind")
        assert found is not None and found.id == control.id
        rows.reviews.take_back(found.id, reviewer="Sato")
        assert rows.reviews.last_by(part.id, "Sato", session="blind") is None
