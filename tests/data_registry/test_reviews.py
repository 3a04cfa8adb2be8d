"""Blind sessions: real pictures as controls among the samples, and what came of them."""

from __future__ import annotations

from typing import Any

import pytest

from data_registry.errors import BadRecord, NotFound
from data_registry.outcome_records import ReviewCount
from data_registry.records import ModelVersionRecord, PartRecord, SampleRecord, SourceImageRecord
from data_registry.session import Registry
from tests.data_registry.rows import dataset, defect, good, model, sample, sha, stored_image


@pytest.fixture
def shown(
    registry: Registry, part: PartRecord
) -> tuple[list[SampleRecord], SourceImageRecord, SourceImageRecord, ModelVersionRecord]:
    """Three samples, a real defect, a good picture, and the first sample's model (another one made the rest)."""
    with registry.write() as work:
        real, fine = stored_image(work, part, defect("d")), stored_image(work, part, good("a"))
        first = model(work, part, dataset(work, part))
        second = model(work, part, dataset(work, part), folder="tile/0002")
        rest = {"request_sha256": sha("second")}
        work.samples.add_many(part.id, [sample(fine, first)])
        work.samples.add_many(part.id, [sample(fine, second, index, **rest) for index in range(2)])
        return work.samples.page(part.id), real, fine, first


Shown = tuple[list[SampleRecord], SourceImageRecord, SourceImageRecord, ModelVersionRecord]


def test_a_control_is_kept_apart_from_the_samples(registry: Registry, part: PartRecord, shown: Shown) -> None:
    samples, real, _, _ = shown
    with registry.write() as work:
        made = work.reviews.add_control(
            real.id, decision="ng", reviewer="Sato", session="s1", reason="blurred"
        )
        of_sample = work.reviews.add(samples[0].id, decision="ok", reviewer="Sato", session="s1")
        open_one = work.reviews.add(samples[1].id, decision="ok", reviewer="Sato")
    assert (made.sample_id, made.source_image_id, made.session) == (None, real.id, "s1")
    assert (of_sample.sample_id, of_sample.source_image_id, of_sample.session) == (samples[0].id, None, "s1")
    assert open_one.session is None
    with registry.read() as work:
        assert work.reviews.of_control(real.id) == [made]
        assert work.reviews.of(samples[0].id) == [of_sample]
        assert [one.latest_review for one in work.samples.page(part.id)] == ["ok", "ok", None]


def test_each_subject_counts_once_by_its_last_decision(
    registry: Registry, part: PartRecord, shown: Shown
) -> None:
    samples, real, fine, first = shown
    with registry.write() as work:
        for decision in ("ng", "ok"):
            work.reviews.add(samples[0].id, decision=decision, reviewer="Sato", session="s1")
            work.reviews.add_control(real.id, decision=decision, reviewer="Sato", session="s1")
        work.reviews.add(samples[0].id, decision="ng", reviewer="Meyer")
        work.reviews.add(samples[1].id, decision="undecided", reviewer="Sato", session="s1")
        work.reviews.add_control(fine.id, decision="ok", reviewer="Sato", session="s1")
        other = work.parts.add("ring", source_root="x")
    controls = {ReviewCount("real defect", "crack", "ok", 1), ReviewCount("real good", None, "ok", 1)}
    undecided = ReviewCount("sample", "crack", "undecided", 1)
    with registry.read() as work:
        blind = work.reviews.counts(part.id, blind=True)
        everything = work.reviews.counts(part.id, blind=False)
        of_first = work.reviews.counts(part.id, blind=True, model_version_id=first.id)
        assert work.reviews.counts(other.id, blind=False) == []
    assert set(blind) == controls | {undecided, ReviewCount("sample", "crack", "ok", 1)}
    assert set(everything) == controls | {undecided, ReviewCount("sample", "crack", "ng", 1)}
    assert set(of_first) == controls | {ReviewCount("sample", "crack", "ok", 1)}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"decision": "maybe"}, BadRecord),
        ({"reviewer": ""}, BadRecord),
        ({"session": " "}, BadRecord),
        ({"source_image_id": 999}, NotFound),
    ],
)
def test_a_control_needs_a_picture_a_person_and_a_session(
    registry: Registry, shown: Shown, changes: dict[str, Any], error: type[Exception]
) -> None:
    real = shown[1]
    facts = {"source_image_id": real.id, "decision": "ok", "reviewer": "Sato", "session": "s1"} | changes
    with pytest.raises(error), registry.write() as work:
        work.reviews.add_control(facts.pop("source_image_id"), **facts)
    with registry.read() as work:
        assert work.reviews.of_control(real.id) == []
