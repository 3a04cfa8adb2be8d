from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from data_registry.chunks import CHUNK
from data_registry.errors import AlreadyExists, BadRecord, NotFound
from data_registry.records import ModelVersionRecord, NewSample, PartRecord, SampleCount, SourceImageRecord
from data_registry.session import Registry
from tests.data_registry.rows import dataset, defect, good, model, sample, sha, stored_image


@pytest.fixture
def made_from(registry: Registry, part: PartRecord) -> tuple[SourceImageRecord, ModelVersionRecord]:
    """A picture to paint on and a model to paint with."""
    with registry.write() as work:
        work.images.add_many(part.id, [defect("d")])
        return stored_image(work, part, good("a")), model(work, part, dataset(work, part))


Made = tuple[SourceImageRecord, ModelVersionRecord]


def test_a_sample_comes_back_with_its_lineage(registry: Registry, part: PartRecord, made_from: Made) -> None:
    new = sample(*made_from, 3, seed=2**40, audit={"visible": True, "shift": -0.25}, attempts=2)
    with registry.write() as work:
        assert work.samples.add_many(part.id, [new]) == 1
    with registry.read() as work:
        [found] = work.samples.page(part.id)
        assert work.samples.get(found.id) == found
        with pytest.raises(NotFound):
            work.samples.get(found.id + 1)
    assert {field.name: getattr(found, field.name) for field in fields(NewSample)} == {
        field.name: getattr(new, field.name) for field in fields(NewSample)
    }
    assert found.latest_review is None


def test_the_same_request_goes_on_where_it_stopped(
    registry: Registry, part: PartRecord, made_from: Made
) -> None:
    with registry.write() as work:
        assert work.samples.add_many(part.id, [sample(*made_from, index) for index in (0, 1, 3)]) == 3
    with registry.write() as work:
        assert work.samples.indexes(sha("request")) == {0, 1, 3}
        assert work.samples.indexes(sha("other request")) == set()
        assert work.samples.add_many(part.id, [sample(*made_from, index) for index in range(5)]) == 2
    with registry.read() as work:
        assert [one.index for one in work.samples.page(part.id)] == [0, 1, 3, 2, 4]


@pytest.mark.parametrize("together", [True, False])
def test_the_same_request_must_give_the_same_picture(
    registry: Registry, part: PartRecord, made_from: Made, together: bool
) -> None:
    first, second = sample(*made_from), sample(*made_from, image_sha256=sha("another"))
    if not together:
        with registry.write() as work:
            work.samples.add_many(part.id, [first])
    with pytest.raises(AlreadyExists, match="place 0"), registry.write() as work:
        work.samples.add_many(part.id, [first, second])


@pytest.mark.parametrize("changes", [{"source_image_id": 999}, {"model_version_id": 999}])
def test_a_sample_needs_its_source_and_its_model(
    registry: Registry, part: PartRecord, made_from: Made, changes: dict[str, Any]
) -> None:
    with pytest.raises(NotFound), registry.write() as work:
        work.samples.add_many(part.id, [sample(*made_from, **changes)])


def test_a_sample_stays_within_its_part(registry: Registry, part: PartRecord, made_from: Made) -> None:
    with registry.write() as work:
        other = work.parts.add("ring", source_root="x")
    with pytest.raises(NotFound), registry.write() as work:
        work.samples.add_many(other.id, [sample(*made_from)])
    with pytest.raises(NotFound), registry.write() as work:
        work.samples.add_many(other.id + 1, [sample(*made_from)])


@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        ({}, [0, 1, 2, 3]),
        ({"defect_type": "pit"}, [1, 3]),
        ({"defect_type": "unknown"}, []),
        ({"request_sha256": "second"}, [2, 3]),
        ({"model_version_id": "second"}, [3]),
        ({"defect_type": "pit", "request_sha256": "first"}, [1]),
    ],
)
def test_pages_keep_what_fits(
    registry: Registry, part: PartRecord, made_from: Made, wanted: dict[str, Any], indexes: list[int]
) -> None:
    source, first = made_from
    with registry.write() as work:
        second = model(work, part, dataset(work, part), folder="tile/0002")
        pit, later = {"defect_type": "pit"}, {"request_sha256": sha("second")}
        work.samples.add_many(
            part.id,
            [
                sample(source, first, 0, request_sha256=sha("first")),
                sample(source, first, 1, request_sha256=sha("first"), **pit),
                sample(source, first, 2, **later),
                sample(source, second, 3, **later, **pit),
            ],
        )
    asked = dict(wanted)
    if "request_sha256" in asked:
        asked["request_sha256"] = sha(asked["request_sha256"])
    if "model_version_id" in asked:
        asked["model_version_id"] = second.id
    with registry.read() as work:
        assert [one.index for one in work.samples.page(part.id, **asked)] == indexes
        assert [one.index for one in work.samples.stream(part.id, **asked)] == indexes
        assert [one.index for one in work.samples.page(part.id, limit=1, **asked)] == indexes[:1]


def test_a_stream_goes_on_past_one_query(registry: Registry, part: PartRecord, made_from: Made) -> None:
    with registry.write() as work:
        many = (sample(*made_from, index) for index in range(CHUNK + 3))
        assert work.samples.add_many(part.id, many) == CHUNK + 3
    with registry.read() as work:
        assert [one.index for one in work.samples.stream(part.id)] == list(range(CHUNK + 3))


def test_decisions_are_kept_and_the_last_one_counts(
    registry: Registry, part: PartRecord, made_from: Made
) -> None:
    with registry.write() as work:
        work.samples.add_many(part.id, [sample(*made_from, 0), sample(*made_from, 1)])
        first, second = work.samples.page(part.id)
        made = [
            work.reviews.add(first.id, decision="ng", reviewer="Sato", reason="too faint"),
            work.reviews.add(first.id, decision="ok", reviewer="Meyer"),
        ]
    with registry.read() as work:
        assert work.reviews.of(first.id) == made
        assert work.reviews.of(second.id) == []
        assert [one.latest_review for one in work.samples.page(part.id)] == ["ok", None]
        assert set(work.samples.counts(part.id)) == {
            SampleCount("crack", made_from[1].id, "ok", 1),
            SampleCount("crack", made_from[1].id, None, 1),
        }
    assert (made[0].decision, made[0].reviewer, made[0].reason) == ("ng", "Sato", "too faint")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"decision": "maybe"}, BadRecord),
        ({"reviewer": " "}, BadRecord),
        ({"sample_id": 999}, NotFound),
    ],
)
def test_a_decision_needs_a_sample_and_a_person(
    registry: Registry, part: PartRecord, made_from: Made, changes: dict[str, Any], error: type[Exception]
) -> None:
    with registry.write() as work:
        work.samples.add_many(part.id, [sample(*made_from)])
        [stored] = work.samples.page(part.id)
    facts: dict[str, Any] = {"sample_id": stored.id, "decision": "ok", "reviewer": "Sato"} | changes
    with pytest.raises(error), registry.write() as work:
        work.reviews.add(facts.pop("sample_id"), **facts)
    with registry.read() as work:
        assert work.samples.get(stored.id).latest_review is None


def test_named_blobs_are_found_in_every_table(registry: Registry, part: PartRecord, made_from: Made) -> None:
    with registry.write() as work:
        work.samples.add_many(part.id, [sample(*made_from)])
        work.parts.set_allowed_region(part.id, sha("region"))
    named = {sha(name) for name in ("a", "d", "mask of d", "v1", "sample 0", "sample mask 0", "region")}
    many = [sha(f"orphan {number}") for number in range(CHUNK)]
    with registry.read() as work:
        assert work.references.named([*many, *named]) == named
        assert work.references.named([]) == set()


def test_scores_are_added_later_one_or_many(registry: Registry, part: PartRecord, made_from: Made) -> None:
    with registry.write() as work:
        work.samples.add_many(part.id, [sample(*made_from, index) for index in range(3)])
        one, two, three = work.samples.page(part.id)
        work.samples.set_scores(one.id, {"seam": 0.5, "contrast": 1.0})
        assert work.samples.set_many_scores({two.id: {"seam": 0.25}, three.id: {"fit": 1.0}}) == 2
        assert work.samples.set_many_scores({}) == 0
    with registry.read() as work:
        found = [one.scores for one in work.samples.page(part.id)]
    assert found == [
        {"contrast": 1.0, "seam": 0.5},
        {"contrast": 12.5, "seam": 0.25},
        {"contrast": 12.5, "fit": 1.0},
    ]


def test_many_scores_go_past_one_statement(registry: Registry, part: PartRecord, made_from: Made) -> None:
    with registry.write() as work:
        work.samples.add_many(part.id, (sample(*made_from, index) for index in range(CHUNK + 3)))
        numbers = [one.id for one in work.samples.stream(part.id)]
        assert work.samples.set_many_scores({number: {"seam": number} for number in numbers}) == CHUNK + 3
        assert [one.scores["seam"] for one in work.samples.stream(part.id)] == numbers


@pytest.mark.parametrize(
    ("unknown", "value", "error"), [(True, 1.0, NotFound), (False, float("nan"), BadRecord)]
)
def test_wrong_scores_change_nothing(
    registry: Registry,
    part: PartRecord,
    made_from: Made,
    unknown: bool,
    value: float,
    error: type[Exception],
) -> None:
    with registry.write() as work:
        work.samples.add_many(part.id, [sample(*made_from)])
        [stored] = work.samples.page(part.id)
    with pytest.raises(error), registry.write() as work:
        work.samples.set_many_scores({stored.id: {"seam": 1.0}, stored.id + unknown: {"seam": value}})
    with registry.read() as work:
        assert work.samples.get(stored.id).scores == stored.scores
