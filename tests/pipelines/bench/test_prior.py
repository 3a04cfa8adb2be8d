"""The prior bench as a job: from an ingested plant to a result file and a plot, and on again where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import pytest

from data_registry.errors import NotFound
from factory_gen.autoencoder.model import AutoencoderSettings
from factory_gen.bench.arms import FLOW_MAP, GAUSSIAN, LEDIFLOW
from factory_gen.bench.settings import PriorBench
from factory_gen.errors import FactoryGenError
from factory_gen.images.demo_plant import draw_plant
from factory_gen.training.threads import use_threads
from pipelines import ingest
from pipelines.bench import prior as bench_prior
from pipelines.bench.prior_plan import load_plan
from pipelines.bench.prior_plot import draw_plot
from pipelines.bench.prior_report import PriorReport, summary
from pipelines.wiring import Workplace
from tests.pipelines.ingested import workplace

SMALL = PriorBench(
    arms=(LEDIFLOW, GAUSSIAN, FLOW_MAP),
    budget_s=0.5,
    window=32,
    bank=64,
    count=32,
    width=32,
    heads=2,
    local=8,
    calls=(1, 2),
    solvers=("euler",),
    scales=(1.0,),
    resamples=10,
    device="cpu",
    precision="no",
    autoencoder=AutoencoderSettings(
        factor=8, latent_channels=4, width_half=16, width_quarter=16, blocks=1, batch=8
    ),
)
PLAN = replace(
    SMALL, prior=replace(SMALL.prior, depth=1, batch=8), flow=replace(SMALL.flow, depth=1, batch=8)
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    home = tmp_path_factory.mktemp("home")
    with workplace(home) as opened:
        draw_plant(home / "plant", seed=3, good=24, defective=24, side=96)
        ingest.run(opened, home / "plant", "ring")
        yield opened
    use_threads(0)


@pytest.fixture(scope="module")
def report(work: Workplace) -> PriorReport:
    return bench_prior.run(work, "ring", plan=PLAN, seeds=2, command="factory-gen bench prior")


def test_the_report_holds_what_a_sceptic_needs(report: PriorReport) -> None:
    plain = json.loads(json.dumps(asdict(report)))
    for key in ("part", "calls_ratio_equal_quality", "time_ratio_equal_quality", "arms", "seeds", "machine"):
        assert plain[key] is not None, key
    assert plain["command"] == "factory-gen bench prior"
    assert len(plain["equal_quality"]) == 2 * 2 * 2  # tables, sets, seeds
    for name in PLAN.arms:
        curve = plain["arms"][name]["time"]["inpaint"]["kid"]
        assert [point["calls"] for point in curve] == [1, 2]
        assert all(point["milliseconds"] > 0 for point in curve)
        assert len(plain["arms"][name]["steps"]) == 2
    assert plain["arms"]["prior-mean"]["whole/raw"]["count"] == 2
    assert set(plain["floor"]) == {"whole/raw", "whole/autoencoded", "inpaint/raw", "inpaint/autoencoded"}
    assert set(summary(report).curves) == {
        f"{kind}, {arm}" for kind in ("whole", "inpaint") for arm in PLAN.arms
    }


def test_ratios_are_means_of_their_parts(report: PriorReport) -> None:
    timed = [row for row in report.equal_quality if row["table"] == "time"]
    mean = sum(row["calls_ratio"] for row in timed) / len(timed)
    assert report.calls_ratio_equal_quality == pytest.approx(mean)


def test_the_same_bench_again_trains_nothing(work: Workplace, report: PriorReport) -> None:
    folder = next((work.settings.home / "bench").iterdir())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = bench_prior.run(work, "ring", plan=PLAN, seeds=2, command="factory-gen bench prior")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    assert again == report


def test_a_stopped_bench_goes_on_where_it_was(work: Workplace, report: PriorReport) -> None:
    folder = next((work.settings.home / "bench").iterdir())
    lost = folder / "seed1" / f"{GAUSSIAN}.json"
    kept = folder / "seed1" / f"{LEDIFLOW}.json"
    before, rows = kept.stat().st_mtime_ns, json.loads(lost.read_text())
    lost.unlink()
    bench_prior.run(work, "ring", plan=PLAN, seeds=2)
    assert kept.stat().st_mtime_ns == before
    found = json.loads(lost.read_text())
    # Trained weights were kept, and measuring has seeds of its own: the same figures, only the times differ.
    assert [row["kid"] for row in found["tables"]["time"]] == [row["kid"] for row in rows["tables"]["time"]]


def test_the_plot_is_a_picture_of_all_arms(report: PriorReport, tmp_path: Path) -> None:
    picture = cv2.imread(str(draw_plot(report, tmp_path / "prior.png")))
    assert picture is not None and picture.shape[0] > 600 and picture.shape[1] > 900
    assert picture.std() > 5


def test_an_unknown_part_is_refused(work: Workplace) -> None:
    with pytest.raises(NotFound, match="nothing"):
        bench_prior.run(work, "nothing", plan=PLAN)


def test_a_plan_file_changes_what_it_names_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("window = 96\n[prior]\nbeta = 0.5\n")
    plan = load_plan(file, budget_s=60.0, count=None)
    assert (plan.window, plan.prior.beta, plan.budget_s, plan.count) == (96, 0.5, 60.0, PriorBench().count)
    file.write_text("windw = 96\n")
    with pytest.raises(FactoryGenError, match="windw"):
        load_plan(file)
