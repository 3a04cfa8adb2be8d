"""Generation end to end on a small trained part: locality, lineage, resume, same request same bytes, bad requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_registry.errors import NotFound
from data_registry.records import SampleRecord
from factory_gen.composite.audit import outside_hash
from factory_gen.composite.paste import outside_is_equal
from factory_gen.composite.trim import changed_part
from factory_gen.errors import InputRefused, UsageError
from factory_gen.images.files import encode_mask, encode_png, read_mask, read_picture
from pipelines import generate, generate_good, inpaint, interpolate, measure, train
from pipelines.drawing.hard_choice import HardChoice
from pipelines.figures.kpi_names import SPEED
from pipelines.pictures.part_images import allowed_region, load_image
from pipelines.progress import Silent
from pipelines.settings import load_settings
from pipelines.training.model_choice import choose_model
from pipelines.wiring import Workplace, open_workplace
from tests.pipelines.trained_part import PART, ingest_plant, train_part, write_recipe


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("work")
    settings = load_settings({"home": folder / "home", "threads": 1, "device": "cpu"}, environ={}).settings
    with open_workplace(settings) as place:
        ingest_plant(place, folder)
        report = train_part(place, folder)
        assert report.champion
        yield place


def samples(work: Workplace, request: str) -> list[SampleRecord]:
    with work.registry.read() as rows:
        return list(rows.samples.stream(rows.parts.get(PART).id, request_sha256=request))


def test_every_sample_is_local_on_the_part_and_knows_where_it_comes_from(
    work: Workplace, tmp_path: Path
) -> None:
    report = generate.run(work, PART, count=9, seed=1, sheet=tmp_path / "sheet.png")
    assert report.bit_equal == f"{report.kept}/{report.kept}"
    assert read_picture((tmp_path / "sheet.png").read_bytes(), "sheet").width > 500
    found = samples(work, report.request)
    assert report.kept == len(found) == sum(report.by_type.values())
    assert report.kept + sum(report.failed.values()) == 9
    assert report.kept >= 3
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        model = rows.models.get(part.id)
    for sample in found:
        with work.registry.read() as rows:
            row = rows.images.get(sample.source_image_id)
        source = read_picture(work.blobs.read(row.sha256), row.relative_path)
        result = read_picture(work.blobs.read(sample.image_sha256), "sample")
        mask = read_mask(work.blobs.read(sample.mask_sha256), "mask", size=(source.height, source.width))
        assert row.kind == "good"
        assert row.split == "generator"
        assert outside_is_equal(source.pixels, result.pixels, mask)
        assert sample.audit["outside_sha256"] == outside_hash(source.pixels, mask)
        assert sample.audit["passed"] is True
        assert bool(allowed_region(work, part, source.pixels, "learned")[mask].all())
        assert sample.model_version_id == model.id
        assert sample.recipe_sha256 == model.recipe_sha256
        assert sample.steps == report.steps
        assert sample.mask_origin["placement"] == "learned"
        assert sample.mask_origin["drawn"] == {
            "codes": "auto",
            "candidates": 2,
            "gain": 4.0,
            "feather": 1.0,
            "overdraw": 0,
            "guidance": 1.0,
        }


def test_a_generation_keeps_its_pace_with_what_it_ran_on(work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        before = len(rows.kpis.page(part.id, name=SPEED, limit=1000))
    report = generate.run(work, PART, count=9, seed=77)
    generate.run(work, PART, count=9, seed=77)
    with work.registry.read() as rows:
        found = rows.kpis.page(part.id, name=SPEED, limit=1000)[before:]
    [row] = found
    assert row.high is not None and 0 < row.value <= row.high
    assert row.value * row.details["kept"] < report.seconds
    assert (row.details["request"], row.details["model"]) == (report.request, report.model)
    assert row.details["batch"] == 4
    assert "thread" in row.details["device"]
    assert row.details["failed"] == sum(report.failed.values())


def test_trimmed_samples_hold_only_what_changed(work: Workplace) -> None:
    # A wide blend, so that the border hardly changes.
    whole = generate.run(work, PART, count=6, seed=5, feather=9, limits="off")
    report = generate.run(work, PART, count=6, seed=5, feather=9, trim=True, limits="off")
    assert report.request != whole.request
    areas, uncut = [], []
    for sample in samples(work, whole.request):
        with work.registry.read() as rows:
            row = rows.images.get(sample.source_image_id)
        mask = read_mask(work.blobs.read(sample.mask_sha256), "mask", size=(row.height, row.width))
        uncut.append(int(mask.sum()))
    for sample in samples(work, report.request):
        with work.registry.read() as rows:
            row = rows.images.get(sample.source_image_id)
        source = read_picture(work.blobs.read(row.sha256), row.relative_path)
        result = read_picture(work.blobs.read(sample.image_sha256), "sample")
        mask = read_mask(work.blobs.read(sample.mask_sha256), "mask", size=(source.height, source.width))
        assert outside_is_equal(source.pixels, result.pixels, mask)
        assert (changed_part(source.pixels, result.pixels, mask) & mask).sum() > 0.8 * mask.sum()
        assert sample.mask_origin["drawn"]["trim"] is True
        areas.append(int(mask.sum()))
    assert 0 < np.mean(areas) < 0.95 * np.mean(uncut)


def test_the_same_request_gives_what_is_there(work: Workplace) -> None:
    first = generate.run(work, PART, defect="crack", count=5, seed=2)
    before = [(s.id, s.image_sha256) for s in samples(work, first.request)]
    second = generate.run(work, PART, defect="crack", count=5, seed=2)
    assert second.request == first.request
    assert second.stored_before == first.kept
    assert [(s.id, s.image_sha256) for s in samples(work, first.request)] == before
    assert generate.run(work, PART, defect="crack", count=5, seed=3).request != first.request


def test_pasted_real_defects_are_drawn_anew_in_part_and_say_so(work: Workplace, tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('[all]\nnearest_real = "off"\n')
    call = {"count": 6, "seed": 31, "codes": "paste", "limits": str(limits)}
    report = generate.run(work, PART, keep=0.7, candidates=1, **call)  # type: ignore[arg-type]
    found = samples(work, report.request)
    assert report.kept == len(found) >= 2
    for sample in found:
        assert sample.mask_origin["family"] in ("warped", "stretched")
        assert sample.mask_origin["drawn"]["keep"] == 0.7
        assert sample.mask_origin["drawn"]["candidates"] == 1
        with work.registry.read() as rows:
            real = rows.images.get(int(sample.mask_origin["real"]))
        assert (real.kind, real.split, real.defect_type) == ("defect", "generator", sample.defect_type)
    other = generate.run(work, PART, keep=0.2, candidates=1, **call)  # type: ignore[arg-type]
    assert other.request != report.request
    pairs = zip(found, samples(work, other.request), strict=False)
    assert any(a.image_sha256 != b.image_sha256 for a, b in pairs)


def test_of_several_drafts_the_one_that_an_inspector_finds_hardest_is_kept(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[float]] = []

    class Quick(HardChoice):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, inspector="linear", steps=8)

        def losses(self, drafts: Any) -> list[float]:
            told.append(super().losses(drafts))
            return told[-1]

    monkeypatch.setattr(generate, "HardChoice", Quick)
    report = generate.run(work, PART, count=12, seed=41, hardest_of=3)
    found = samples(work, report.request)
    assert report.kept == len(found) == len(told) >= 2
    assert [one.mask_origin["loss"] for one in found] == pytest.approx([max(one) for one in told], abs=1e-5)
    assert [one.mask_origin["hardest_of"] for one in found] == [len(one) for one in told]
    assert max(len(one) for one in told) == 3
    assert report.request != generate.run(work, PART, count=12, seed=41, dry_run=True).request


def test_what_cannot_be_seen_is_harder_than_what_can(work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        rows_of = list(rows.images.stream(part.id, kind="defect", split="generator"))
    generator = choose_model(work, PART, None).generator
    hard = HardChoice(work, part, generator, 0, Silent(), inspector="linear", steps=20)
    shown, hidden = [], []
    for row in rows_of:
        image = load_image(work, row)
        assert image.mask is not None
        shown.append((image.pixels, image.bit_depth, image.mask))
        flat = np.full_like(image.pixels, int(np.median(image.pixels)))
        hidden.append((flat, image.bit_depth, image.mask))
    assert np.mean(hard.losses(hidden)) > np.mean(hard.losses(shown))


class Stop(Silent):
    """Ends the job after its first chunk, as a kill would."""

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        if stage == "generating":
            raise KeyboardInterrupt


def test_a_broken_off_request_resumes_to_the_bytes_of_an_undisturbed_one(
    work: Workplace, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        generate.run(work, PART, count=10, seed=4, progress=Stop())
    resumed = generate.run(work, PART, count=10, seed=4)
    assert 0 < resumed.stored_before < resumed.kept
    settings = load_settings({"home": tmp_path / "home", "threads": 1, "device": "cpu"}, environ={}).settings
    with open_workplace(settings) as other:
        ingest_plant(other, tmp_path)
        train_part(other, tmp_path)
        whole = generate.run(other, PART, count=10, seed=4)
        undisturbed = [
            (s.index, s.image_sha256, s.mask_sha256, s.audit) for s in samples(other, whole.request)
        ]
    again = [(s.index, s.image_sha256, s.mask_sha256, s.audit) for s in samples(work, resumed.request)]
    assert again == undisturbed


def test_a_dry_run_draws_nothing(work: Workplace) -> None:
    report = generate.run(work, PART, count=4, seed=77, dry_run=True)
    assert report.kept == 0
    assert samples(work, report.request) == []


def test_a_drawn_region_is_kept_to_and_free_ignores_it(work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    region = np.zeros((100, 100), dtype=bool)
    region[:, :50] = True
    with work.registry.write() as rows:
        rows.parts.set_allowed_region(part.id, work.blobs.put(encode_mask(region)))
    try:
        report = generate.run(work, PART, count=4, seed=5, placement="region")
        for sample in samples(work, report.request):
            with work.registry.read() as rows:
                row = rows.images.get(sample.source_image_id)
            mask = read_mask(work.blobs.read(sample.mask_sha256), "mask", size=(row.height, row.width))
            assert not mask[:, row.width // 2 + 2 :].any()
        free = generate.run(work, PART, count=4, seed=5, placement="free")
        assert free.request != report.request
    finally:
        with work.registry.write() as rows:
            rows.parts.set_allowed_region(part.id, None)


REFUSED = {
    "unknown part": ({"part": "ringg"}, NotFound, "ring"),
    "unknown type": ({"defect": "scratch"}, UsageError, "crack"),
    "unknown model": ({"model": "99"}, NotFound, "99"),
    "odd calls": ({"steps": 3}, UsageError, "multiple of 2"),
    "unknown placement": ({"placement": "moon"}, UsageError, "learned"),
    "unknown codes": ({"codes": "luck"}, UsageError, "sampler"),
    "keep without paste": ({"keep": 0.5}, UsageError, "codes paste"),
    "keep all": ({"codes": "paste", "keep": 1.0}, UsageError, "below 1"),
    "no candidate": ({"candidates": 0}, UsageError, "above 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_requests_say_what_is_known(work: Workplace, case: str) -> None:
    change, error, words = REFUSED[case]
    call = {"part": PART, "count": 2, **change}
    with pytest.raises(error, match=words):
        generate.run(work, **call)  # type: ignore[arg-type]


def test_inpaint_writes_pictures_that_differ_only_under_the_mask(work: Workplace, tmp_path: Path) -> None:
    with work.registry.read() as rows:
        row = next(iter(rows.images.stream(rows.parts.get(PART).id, kind="good")))
    source = read_picture(work.blobs.read(row.sha256), row.relative_path)
    mask = np.zeros((source.height, source.width), dtype=bool)
    mask[40:52, 30:44] = True
    (tmp_path / "a.png").write_bytes(encode_png(source.pixels))
    (tmp_path / "m.png").write_bytes(encode_mask(mask))
    report = inpaint.run(
        work, PART, tmp_path / "a.png", tmp_path / "m.png", "pit", count=2, seed=3, out=tmp_path / "out"
    )
    for name in report.images:
        result = read_picture((tmp_path / "out" / name).read_bytes(), name)
        assert outside_is_equal(source.pixels, result.pixels, mask)
    assert (tmp_path / "out" / "sheet.png").stat().st_size > 1000
    assert len(json.loads((tmp_path / "out" / "manifest.json").read_text())["images"]) == 2
    with pytest.raises(InputRefused, match="overwritten"):
        inpaint.run(work, PART, tmp_path / "a.png", tmp_path / "m.png", "pit", out=tmp_path / "out")
    small = np.ones((5, 5), dtype=bool)
    (tmp_path / "small.png").write_bytes(encode_mask(small))
    with pytest.raises(InputRefused):
        inpaint.run(work, PART, tmp_path / "a.png", tmp_path / "small.png", "pit", out=tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_interpolation_ends_where_it_should(work: Workplace, tmp_path: Path) -> None:
    with work.registry.read() as rows:
        ids = [
            row.id for row in rows.images.stream(rows.parts.get(PART).id, kind="defect", split="generator")
        ]
    call = {"frames": 4, "seed": 1}
    interpolate.run(work, PART, str(ids[0]), f"source:{ids[1]}", out=tmp_path / "walk", **call)  # type: ignore[arg-type]
    interpolate.run(work, PART, str(ids[1]), f"source:{ids[0]}", out=tmp_path / "back", **call)  # type: ignore[arg-type]
    frames = [
        read_picture((tmp_path / "walk" / f"frame_{i:03d}.png").read_bytes(), "f").pixels for i in range(4)
    ]
    back = [
        read_picture((tmp_path / "back" / f"frame_{i:03d}.png").read_bytes(), "f").pixels for i in range(4)
    ]
    # The way back has the same ends, but other grain on them: the noise belongs to the frame's place in the strip.
    assert (
        np.abs(frames[0].astype(int) - back[3].astype(int)).mean()
        < np.abs(frames[0].astype(int) - back[0].astype(int)).mean() + 20
    )
    assert len(frames) == 4
    with pytest.raises(UsageError, match="2 frames"):
        interpolate.run(work, PART, str(ids[0]), str(ids[1]), frames=1, out=tmp_path / "one")
    with pytest.raises(InputRefused, match="path"):
        interpolate.run(work, PART, "nothing.png", str(ids[1]), out=tmp_path / "two")


def test_good_windows_are_written_with_a_manifest(work: Workplace, tmp_path: Path) -> None:
    report = generate_good.run(work, PART, count=3, seed=1, out=tmp_path / "good")
    assert report.count == 3
    assert len(list((tmp_path / "good").glob("good_*.png"))) == 3
    again = generate_good.run(work, PART, count=3, seed=1, out=tmp_path / "again")
    assert again.view == "window"
    first, second = (tmp_path / name / "good_000001.png" for name in ("good", "again"))
    assert first.read_bytes() == second.read_bytes()


def test_a_part_without_defects_trains_and_says_what_is_missing(tmp_path: Path) -> None:
    settings = load_settings({"home": tmp_path / "home", "threads": 1, "device": "cpu"}, environ={}).settings
    with open_workplace(settings) as place:
        ingest_plant(place, tmp_path, defective=0)
        report = train_part(place, tmp_path)
        assert any("masks" in note for note in report.notes)
        with pytest.raises(InputRefused, match="defect types"):
            generate.run(place, PART, count=2)
        assert generate_good.run(place, PART, count=1, out=tmp_path / "good").count == 1


def test_a_whole_view_model_draws_parts_but_no_defects(work: Workplace, tmp_path: Path) -> None:
    report = train_part(work, tmp_path, view="whole", seed=5)
    assert not report.champion
    assert (
        generate_good.run(work, PART, count=1, model=str(report.model), out=tmp_path / "whole").view
        == "whole"
    )
    with pytest.raises(InputRefused, match="view"):
        generate.run(work, PART, count=2, model=str(report.model))


def test_fine_tuning_makes_a_child_and_leaves_the_champion(work: Workplace, tmp_path: Path) -> None:
    report = train.run(work, PART, recipe=str(write_recipe(tmp_path)), from_model="champion", seed=6)
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        child, champion = rows.models.get(part.id, report.model), rows.models.get(part.id, "champion")
    assert child.parent_id == champion.id
    assert not report.champion
    assert set(report.stages) == {"bank", "prior", "codes", "flow"}


def test_training_an_empty_part_is_refused(tmp_path: Path) -> None:
    settings = load_settings({"home": tmp_path / "home", "device": "cpu"}, environ={}).settings
    with open_workplace(settings) as place:
        with pytest.raises(NotFound):
            train.run(place, "nobody")
        with place.registry.write() as rows:
            rows.parts.add(PART, source_root="none")
        with pytest.raises(InputRefused, match="Ingest"):
            train.run(place, PART)
        with pytest.raises(InputRefused, match="tiny"):
            train.run(place, PART, recipe="huge")


def test_a_stored_model_is_measured_again_and_writes_nothing(work: Workplace) -> None:
    with work.registry.read() as rows:
        model = rows.models.get(rows.parts.get(PART).id, "champion")
    report = measure.run(work, PART, windows=32, seed=model.seed)
    assert report.model == model.number
    assert report.grain in ("network", "noise", "none")
    assert report.measured_on == "hold-out"
    # Same windows and seed as at the end of the training: the same figures.
    for name in ("psnr", "calibration_holes", "kid_autoencoded"):
        assert report.figures[name] == pytest.approx(model.metrics[name], rel=1e-3)
    with work.registry.read() as rows:
        assert rows.models.get(rows.parts.get(PART).id, "champion") == model
