"""Growth from known timings, figures against their targets, and the whole bench on a small trained part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from factory_gen.images.files import read_picture
from factory_gen.speed.clock import CPU, CPU_TIME, WALL
from factory_gen.speed.forward import MatrixShare
from factory_gen.speed.peers import LDM_256
from pipelines.bench import speed as bench_speed
from pipelines.bench.speed import compare, figures
from pipelines.bench.speed_floors import ratios
from pipelines.bench.speed_job import CountPoint, JobSpeed, SizePoint, count_growth, count_points, size_point
from pipelines.bench.speed_place import resized, throw_away_copy
from pipelines.bench.speed_plan import SpeedPlan
from pipelines.bench.speed_summary import summary
from pipelines.commands.output import to_json
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace
from tests.pipelines.trained_part import PART, ingest_plant, train_part


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("work")
    settings = load_settings({"home": folder / "home", "threads": 1, "device": "cpu"}, environ={}).settings
    with open_workplace(settings) as place:
        ingest_plant(place, folder)
        train_part(place, folder)
        yield place


def test_points_tell_the_time_of_each_further_image() -> None:
    found = count_points([(1, 3.0), (4, 5.0), (8, 6.0), (16, 8.0)])
    assert found == [
        CountPoint(1, 3.0, 3000.0),
        CountPoint(4, 5.0, 1250.0),
        CountPoint(8, 6.0, 250.0),
        CountPoint(16, 8.0, 250.0),
    ]
    assert count_points([]) == []


def test_the_growth_by_number_ends_with_its_time_and_says_how_far_it_came(work: Workplace) -> None:
    call = {"seed": 9, "defect": "pit", "device": CPU}
    with throw_away_copy(work, PART, model=None) as copy:
        found = count_growth(copy, PART, images=4000, most_s=0.0, **call)  # type: ignore[arg-type]
    assert [point.images for point in found] == [1, 4]


def test_files_and_the_start_of_a_request_are_kept_apart() -> None:
    seconds = {"decode": 1.0, "encode": 2.0, "learn types": 9.0, "flow": 0.6, "audit": 0.2}
    found = size_point(4.0, seconds, 4)
    assert found.ms_per_image == pytest.approx(200.0)
    assert (found.decode_ms, found.encode_ms) == (250.0, 500.0)
    assert set(found.stages_ms) == {"flow", "audit"}


def share(value: float, work: str = "forward") -> MatrixShare:
    return MatrixShare(work, "fp32", 64, 100.0, 110.0, 1.0, 10.0, 100.0 * value, 20.0, value, 0.5)


def size(megapixels: float, ms: float) -> SizePoint:
    return SizePoint(megapixels, ms, 1.0, 1.0, {})


@pytest.mark.parametrize(
    ("value", "grown", "ratio", "reached"),
    [(0.61, 150.0, 120.0, [True, True, True]), (0.59, 201.0, 99.0, [False, False, False])],
)
def test_figures_know_their_targets(value: float, grown: float, ratio: float, reached: list[bool]) -> None:
    matrix = [share(value), share(0.1, "training step")]
    found = figures(matrix, [size(0.25, 100.0), size(1.0, 900.0), size(12.0, grown)], {LDM_256.name: ratio})
    assert [one.reached for one in found] == reached
    assert [one.value for one in found] == pytest.approx([value, grown / 100.0, ratio])


@pytest.mark.parametrize(("clock", "alike"), [(CPU_TIME, 4.0), (WALL, 2.0)])
def test_we_are_compared_on_the_clock_of_the_others(clock: str, alike: float) -> None:
    jobs = [
        JobSpeed(8, 9, 9.0, 3.0, 0.9, speed, cpu, {}, {}) for speed, cpu in ((1, 0.5), (2, 0.25), (3, 0.1))
    ]
    found = compare(jobs, {"peer": 0.02}, clock)
    assert (found["images_per_s"], found["images_per_s_like_peers"]) == (2.0, alike)
    assert found["ratios"] == pytest.approx({"peer": alike / 0.02})


def test_ratios_say_how_many_of_ours_to_one_of_theirs() -> None:
    assert ratios(6.0, {"slow": 0.02, "fast": 300.0, "none": 0.0}) == pytest.approx(
        {"slow": 300.0, "fast": 0.02}
    )


@pytest.mark.parametrize("megapixels", [0.01, 0.25, 3.0])
@pytest.mark.parametrize("shape", [(60, 80), (300, 50), (70, 70, 3)])
def test_a_picture_grows_by_mirroring(megapixels: float, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    grown = resized(pixels, megapixels)
    assert grown.shape[0] * grown.shape[1] == pytest.approx(megapixels * 1e6, rel=0.02)
    assert grown.shape[2:] == pixels.shape[2:]
    height, width = (min(a, b) for a, b in zip(grown.shape[:2], shape[:2], strict=True))
    assert (grown[:height, :width] == pixels[:height, :width]).all()
    assert set(np.unique(grown)) <= set(np.unique(pixels))


def test_the_copy_has_the_part_at_the_size_asked_for_and_is_thrown_away(work: Workplace) -> None:
    with throw_away_copy(work, PART, model=None, defect="pit", megapixels=0.1) as copy:
        home = copy.settings.home
        with copy.registry.read() as rows:
            part = rows.parts.get(PART)
            images = list(rows.images.stream(part.id))
            assert rows.models.get(part.id).folder
        assert {image.defect_type for image in images} == {None, "pit"}
        for image in images:
            picture = read_picture(copy.blobs.read(image.sha256), "p")
            assert (picture.width, picture.height) == (image.width, image.height)
            if image.kind == "good":
                assert picture.pixels.size == pytest.approx(1e5, rel=0.02)
    assert not home.exists()


def test_the_whole_bench_measures_and_leaves_the_part_alone(work: Workplace, tmp_path: Path) -> None:
    with work.registry.read() as rows:
        before = rows.samples.counts(rows.parts.get(PART).id)
    plan = SpeedPlan(
        job_images=4,
        job_repeats=2,
        images=8,
        sizes=(0.05, 0.4),
        size_images=2,
        sides=(1, 2),
        repeats=1,
        batch=2,
        peer_steps=0,
    )
    report = bench_speed.run(work, PART, plan=plan, seed=3, command="factory-gen bench speed")
    with work.registry.read() as rows:
        assert rows.samples.counts(rows.parts.get(PART).id) == before
    assert report.seeds == (3, 13)
    for job in report.jobs:
        assert 0 < job.images <= job.drawn
        assert {"decode", "place", "conditions", "codes", "flow", "decoder", "audit", "encode"} <= set(
            job.stages
        )
        assert job.images_per_s <= job.warm_images_per_s
    assert [point.images for point in report.counts] == [1, 4, 8]
    assert [point.megapixels for point in report.sizes] == [0.05, 0.4]
    assert [point.windows for point in report.windows] == [1, 4]
    assert {one.work for one in report.matrix} == {"forward", "training step"}
    assert set(report.others) == {"CutPaste", "Perlin"}
    assert report.ratios["Perlin"] == pytest.approx(report.images_per_s_like_peers / report.others["Perlin"])
    assert report.peers == ()
    assert report.mlflow_run_id is not None
    assert list(report.memory_mib.values()) == sorted(report.memory_mib.values())
    read = json.loads(to_json(report))
    assert {"command", "machine", "seeds", "jobs", "load", "clock"} <= set(read)
    assert summary(report).images_per_s == round(report.images_per_s, 2)
