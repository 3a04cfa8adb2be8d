"""Decisions at desks: claims, controls, undo, and what a decision finds that came second."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_registry.errors import Locked, NotFound
from data_registry.records import PartRecord
from factory_gen.images.files import encode_mask, encode_png
from pipelines.queries import review as queries
from pipelines.review.desk import claim, controls_due, decide, take_back
from pipelines.wiring import Workplace
from tests.drawn_files import blob_mask, grey
from tests.pipelines.drawn_part import add_good, draw_part, workplace


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Workplace, PartRecord]]:
    with workplace(tmp_path) as work:
        part = draw_part(work, samples=8)
        for number, kind in enumerate(("crack", "crack", "blow hole")):
            facts = {
                "kind": "defect",
                "defect_type": kind,
                "mask_sha256": work.blobs.put(encode_mask(blob_mask(at=(8 + number, 9)))),
                "mask_origin": "file",
            }
            add_good(work, part, f"real/{number}.png", encode_png(grey(20 + number)), **facts)
        yield work, part


def test_a_decision_is_stored_and_its_claim_ends(desk: tuple[Workplace, PartRecord]) -> None:
    work, part = desk
    assert claim(work, part, desk="A", count=3) == ["s1", "s2", "s3"]
    assert claim(work, part, desk="B", count=2) == ["s4", "s5"]
    decide(work, part, "s1", decision="ok", reviewer="Sato", desk="A")
    with pytest.raises(Locked, match="other"):
        decide(work, part, "s4", decision="ok", reviewer="Sato", desk="A")
    with pytest.raises(Locked, match="ok by Sato"):
        decide(work, part, "s1", decision="ng", reviewer="Ito", desk="B")
    assert claim(work, part, desk="C", count=9) == ["s6", "s7", "s8"]


def test_undo_goes_back_as_far_as_there_are_decisions(desk: tuple[Workplace, PartRecord]) -> None:
    work, part = desk
    for key in claim(work, part, desk="A", count=8):
        decide(work, part, key, decision="ng", reviewer="Sato", desk="A")
    undone = [take_back(work, part, reviewer="Sato", session=None, desk="A") for _ in range(9)]
    assert undone == ["s8", "s7", "s6", "s5", "s4", "s3", "s2", "s1", None]
    assert claim(work, part, desk="A", count=8) == [f"s{number}" for number in range(1, 9)]


def test_controls_are_real_and_every_fifth(desk: tuple[Workplace, PartRecord]) -> None:
    work, part = desk
    drawn = [queries.draw_control(work, part, random.Random(seed)) for seed in range(40)]
    assert 8 < sum(bool(one and one.mask_of) for one in drawn) < 32
    shown = {one.key for one in drawn if one}
    keys = [key for seed in range(25) for key in claim(work, part, desk=f"A{seed % 2}", count=4, blind=True)]
    controls = [key for key in keys if key.startswith("c")]
    assert len(controls) == 50 and all(queries.subject_of(one).number in range(1, 7) for one in controls)
    for key in sorted(shown)[:3]:
        item = queries.review_item(work, part, key)
        assert (
            item.scores == () and "source" not in item.pictures and item.defect_type in ("crack", "blow hole")
        )
        decide(work, part, key, decision="ng", reviewer="Sato", desk="A", session="blind")
    with work.registry.read() as rows:
        assert {one.subject for one in rows.reviews.counts(part.id, blind=True)} <= {
            "real good",
            "real defect",
        }


@pytest.mark.parametrize("step", [1, 3, 8])
def test_wherever_a_blind_session_ends_a_fifth_is_real(desk: tuple[Workplace, PartRecord], step: int) -> None:
    work, part = desk
    keys: list[str] = []
    while len(taken := claim(work, part, desk="Sato 1", count=step, have=keys, blind=True)):
        keys += taken
    assert sum(key.startswith("s") for key in keys) == 8
    for end in range(1, len(keys) + 1):
        samples = sum(key.startswith("s") for key in keys[:end])
        if samples >= 4:
            assert 5 * (end - samples) >= end
    assert len(set(keys)) == len(keys)
    assert len({tuple(controls_due(f"desk {name}", place) for place in range(12)) for name in range(20)}) > 10


def test_an_item_has_all_pictures_and_its_limits(desk: tuple[Workplace, PartRecord]) -> None:
    work, part = desk
    item = queries.review_item(work, part, "s2")
    assert set(item.pictures) == {
        *("whole", "result", "source", "mask", "difference", "outline", "nearest", "nearest outline")
    }
    assert item.nearest_distance is not None and 0 <= item.nearest_distance <= 2
    assert [one.name for one in item.scores] == ["contrast"]
    assert set(queries.limit_pictures(work, part, "crack")) == {"typical"}
    assert queries.limit_pictures(work, part, "dent") == {}


@pytest.mark.parametrize("key", ["", "x1", "s", "s1x", "s99", "c99", "../s1"])
def test_foreign_keys_are_refused(desk: tuple[Workplace, PartRecord], key: str) -> None:
    work, part = desk
    with pytest.raises(NotFound):
        queries.review_item(work, part, key)
    with pytest.raises(NotFound):
        decide(work, part, key, decision="ok", reviewer="Sato", desk="A")
