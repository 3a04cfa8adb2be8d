"""The calls behind Catalogue, Generate, Inpaint and Explore, on a small trained part."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_registry.errors import BadRecord, NotFound
from data_registry.records import SampleRecord
from factory_gen.composite.paste import outside_is_equal
from factory_gen.errors import InputRefused, UsageError
from factory_gen.images.files import read_mask, read_picture
from pipelines.generate import strength_range
from pipelines.pictures.overlays import overlay
from pipelines.pictures.shown_pictures import as_shown, difference, near, outlined
from pipelines.queries import catalogue as queries_catalogue
from pipelines.queries import samples as queries_samples
from pipelines.queries.samples import NEWEST
from pipelines.services.access import OPEN, Actor
from pipelines.services.service import Service
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace
from tests.pipelines.trained_part import PART, ingest_plant, train_part


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("make")
    settings = load_settings({"home": folder / "home", "threads": 1, "device": "cpu"}, environ={}).settings
    with open_workplace(settings) as place:
        ingest_plant(place, folder)
        train_part(place, folder)
        yield place


@pytest.fixture
def service(work: Workplace) -> Service:
    return Service(work, Actor(name="mia", role=OPEN))


@pytest.fixture(scope="module")
def sample(work: Workplace) -> SampleRecord:
    made = Service(work, Actor(name="mia", role=OPEN))
    made.generate(part=PART, count=8, seed=3)
    with work.registry.read() as rows:
        return rows.samples.page(rows.parts.get(PART).id)[0]


def a_good(work: Workplace) -> tuple[int, tuple[int, int]]:
    with work.registry.read() as rows:
        row = rows.images.page(rows.parts.get(PART).id, kind="good", limit=1)[0]
    return row.id, (row.height, row.width)


def a_mask(size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[40:48, 44:56] = True
    return mask


def test_a_try_shows_what_a_batch_would_draw_and_stores_nothing(work: Workplace, service: Service) -> None:
    before = sum(queries_samples.counts(work, _part(work)).values())
    first = service.try_out(part=PART, count=4, seed=5, strength=0.2, strength_to=0.8)
    again = service.try_out(part=PART, count=4, seed=5, strength=0.2, strength_to=0.8)
    assert first.tried and len(first.tried) <= first.asked == 4
    assert [one.after for one in first.tried] == [one.after for one in again.tried]
    assert all(one.passed == (not one.reasons) for one in first.tried)
    assert sum(queries_samples.counts(work, _part(work)).values()) == before


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(None, None, None), (0.3, None, 0.3), (0.2, 0.8, (0.2, 0.8)), (None, 0.5, (0.0, 0.5))],
)
def test_strengths_are_a_figure_or_a_range(
    low: float | None, high: float | None, expected: float | tuple[float, float] | None
) -> None:
    assert strength_range(low, high) == expected


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.2), (-0.1, 0.5), (0.1, 1.5)])
def test_a_range_the_wrong_way_round_is_refused(low: float, high: float) -> None:
    with pytest.raises(UsageError):
        strength_range(low, high)


def test_kept_variants_are_samples_that_changed_only_under_the_mask(
    work: Workplace, service: Service
) -> None:
    image_id, size = a_good(work)
    mask = a_mask(size)
    kind = queries_catalogue.facts(work, _part(work)).defect_types[0]
    drawn = service.draw_variants(part=PART, image_id=image_id, mask=mask, defect=kind, count=2, seed=1)
    kept = service.keep_variants(part=PART, drawn=drawn, indexes=[1])
    assert service.keep_variants(part=PART, drawn=drawn, indexes=[1]) == kept
    [one] = kept
    assert one.index == 1
    assert one.mask_origin == {"placement": "painted", "by": "mia"}
    with work.registry.read() as rows:
        row = rows.images.get(image_id)
    source = read_picture(work.blobs.read(row.sha256), "source").pixels
    result = read_picture(work.blobs.read(one.image_sha256), "result").pixels
    assert outside_is_equal(source, result, mask)
    assert np.array_equal(read_mask(work.blobs.read(one.mask_sha256), "mask", size=size), mask)


def test_variants_need_a_painted_mask_of_the_picture(work: Workplace, service: Service) -> None:
    image_id, size = a_good(work)
    kind = queries_catalogue.facts(work, _part(work)).defect_types[0]
    with pytest.raises(InputRefused):
        service.draw_variants(part=PART, image_id=image_id, mask=np.zeros(size, bool), defect=kind)
    with pytest.raises(UsageError):
        service.draw_variants(part=PART, image_id=image_id, mask=np.ones((9, 9), bool), defect=kind)


def test_a_walk_has_its_frames_and_ends(sample: SampleRecord, service: Service) -> None:
    found = service.walk(part=PART, first=f"sample:{sample.id}", second=f"sample:{sample.id + 1}", frames=3)
    assert len(found.by_flow) == len(found.by_mean) == 3
    assert found.by_flow[0] != found.by_flow[2]


def test_the_stages_end_with_more_calls(sample: SampleRecord, service: Service) -> None:
    found = service.stages(part=PART, sample_id=sample.id, seed=2)
    assert [(one.name, one.calls) for one in found.shown] == [
        ("source", 0),
        ("mean", 0),
        ("sample", 0),
        ("result", 1),
        ("result", 2),
        ("result", 4),
        ("result", 8),
    ]
    assert found.shown[1].picture != found.shown[0].picture
    assert [one.picture for one in service.stages(part=PART, sample_id=sample.id, seed=2).shown] == [
        one.picture for one in found.shown
    ]


def test_the_nearest_real_defects_come_in_order(
    sample: SampleRecord, service: Service, work: Workplace
) -> None:
    found = service.nearest_real(part=PART, sample_id=sample.id, count=2)
    distances = [one.distance for one in found.neighbours]
    assert distances == sorted(distances) and distances
    assert distances[0] == pytest.approx(sample.audit["nearest_real"], abs=1e-4)
    with work.registry.read() as rows:
        assert {rows.images.get(one.image_id).defect_type for one in found.neighbours} == {sample.defect_type}


def test_a_drawn_mask_makes_a_new_catalogue_version(work: Workplace, service: Service) -> None:
    with work.registry.read() as rows:
        row = rows.images.page(rows.parts.get(PART).id, kind="defect", limit=1)[0]
    before = queries_catalogue.facts(work, _part(work)).version
    number = service.give_mask(part=PART, image_id=row.id, mask=a_mask((row.height, row.width)))
    assert before is not None and number == before + 1
    with work.registry.read() as rows:
        assert rows.images.get(row.id).mask_origin == "drawn"
    with pytest.raises(InputRefused):
        service.give_mask(part=PART, image_id=row.id, mask=np.zeros((row.height, row.width), bool))
    with pytest.raises(NotFound):
        service.give_mask(part=PART, image_id=10**9, mask=a_mask((row.height, row.width)))


def test_region_and_scale_are_stored_and_taken_back(work: Workplace, service: Service) -> None:
    image_id, size = a_good(work)
    changed = service.set_region(part=PART, region=a_mask(size))
    assert changed.allowed_region_sha256 is not None
    assert queries_catalogue.region_shown(work, changed, image_id) is not None
    assert service.set_region(part=PART, region=None).allowed_region_sha256 is None
    assert service.set_scale(part=PART, mm_per_pixel=0.05).mm_per_pixel == 0.05
    assert queries_catalogue.canvas(work, _part(work), image_id).mm_per_pixel == 0.05
    with pytest.raises(BadRecord):
        service.set_scale(part=PART, mm_per_pixel=-1.0)
    assert service.set_scale(part=PART, mm_per_pixel=None).mm_per_pixel is None


def test_drafts_are_each_persons_own_and_go_when_wiped(work: Workplace, service: Service) -> None:
    strokes = [{"size": 3, "pts": [[1.0, 2.0]]}]
    assert service.keep_draft(part=PART, canvas="../../x", strokes=strokes)
    assert service.read_draft(part=PART, canvas="../../x") == strokes
    other = Service(work, Actor(name="ken", role=OPEN))
    assert other.read_draft(part=PART, canvas="../../x") == []
    assert not service.keep_draft(part=PART, canvas="../../x", strokes=[])
    assert service.read_draft(part=PART, canvas="../../x") == []


def test_an_upload_is_named_by_its_bytes(work: Workplace, service: Service) -> None:
    first = service.upload(file=io.BytesIO(b"zip"))
    assert first == service.upload(file=io.BytesIO(b"zip"))
    assert first.read_bytes() == b"zip"
    assert first.parent == work.settings.home / "uploads"
    assert list(Path(first.parent).iterdir()) == [first]


def test_pages_of_samples_are_newest_first_and_go_on_by_key(work: Workplace, sample: SampleRecord) -> None:
    first = queries_samples.page(work, _part(work), limit=2)
    second = queries_samples.page(work, _part(work), limit=2, before_id=first[-1].sample.id)
    numbers = [one.sample.id for one in [*first, *second]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4
    assert queries_samples.page(work, _part(work), before_id=sample.id) == []
    assert numbers[0] < NEWEST


def test_an_overlay_is_made_once_and_shows_the_outline(work: Workplace, sample: SampleRecord) -> None:
    made = overlay(work, sample.image_sha256, sample.mask_sha256)
    assert read_picture(made, "overlay").pixels.ndim == 3
    assert overlay(work, sample.image_sha256, sample.mask_sha256) == made
    with pytest.raises(ValueError, match="edge"):
        overlay(work, sample.image_sha256, sample.mask_sha256, edge=7)


def test_pictures_for_pages() -> None:
    deep = np.full((8, 8), 4095, np.uint16)
    assert int(as_shown(deep, 12).max()) == 255
    mask = np.zeros((200, 300), bool)
    mask[50:60, 290:300] = True
    rows, columns = near(mask)
    assert mask[rows, columns].sum() == mask.sum()
    assert (rows.stop - rows.start, columns.stop - columns.start) == (96, 96)
    shown = outlined(np.zeros((200, 300), np.uint8), mask)
    assert not shown[mask].any()
    assert shown.any()
    after = np.zeros((4, 4), np.uint8)
    after[1, 1] = 100
    assert difference(np.zeros((4, 4), np.uint8), after, 8).tolist()[1] == [0, 255, 0, 0]


def _part(work: Workplace):  # type: ignore[no-untyped-def]
    with work.registry.read() as rows:
        return rows.parts.get(PART)
