"""The validation: trainings, the choice per type, and what judges it where few real defects are given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from factory_gen.gate.scores import Tally
from factory_gen.gate.settings import find_settings
from pipelines import gate
from pipelines.inspection.bench import Bench
from pipelines.inspection.names import ResultNames
from pipelines.inspection.options import GateOptions
from pipelines.inspection.plan import everything
from pipelines.inspection.rehearsal import MEAN, rows_of
from pipelines.inspection.runs import CHOOSE, FINAL, HALF, TRAININGS, Done, Run
from pipelines.inspection.validation import ValidationPlan
from pipelines.wiring import Workplace
from tests.pipelines.ingested import workplace
from tests.pipelines.inspection.test_gate import LINEAR, add_samples, version
from tests.pipelines.trained_part import PART, ingest_plant

TYPES = ("crack", "pit")
TINY = find_settings("tiny")
FEW = replace(LINEAR, references=2, shares="0.5")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A part with more defective groups than two references per type come from."""
    folder = tmp_path_factory.mktemp("few")
    with workplace(folder / "home") as opened:
        ingest_plant(opened, folder, good=30, defective=60)
        add_samples(opened, 18)
        yield opened


def bench_of(work: Workplace, how: GateOptions) -> Bench:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    return Bench(work, gate._task(work, part, version(work), how))


def done_with(scores: Mapping[str, float]) -> Done:
    """A result whose average precision per type is high where the score of its defect pixels is."""
    tally = Tally(["a"], TYPES)
    bins = tally.counts["good_pixels"].shape[-1]
    tally.counts["good_pixels"][0, bins // 2] = 10
    for number, name in enumerate(TYPES):
        place = int(scores[name] * (bins - 1))
        tally.counts["type_pixels"][number, 0, place] = 10
        tally.counts["bad_pixels"][0, place] += 10
    return Done(tally, (), {}, (0.0, 0.0))


def test_each_arm_is_trained_on_each_fold_with_each_seed() -> None:
    plan = ValidationPlan(TINY, TYPES, [(0, 1)], seeds=2, finish=0.25)
    runs = plan.runs()
    assert len(runs) == len(set(runs)) == 1 + 2 * 2 + 2 * 2
    assert [run.stage for run in runs].count(HALF) == 1
    assert {run.finish for run in runs if run.arm == "oversampled"} == {0.0}
    assert {run.finish for run in runs if run.arm == "synthetic"} == {0.25}
    assert {run.fold for run in ValidationPlan(TINY, TYPES, [(0,)]).runs()} == {0}


def test_the_choice_takes_what_gained_over_all_seeds() -> None:
    plan = ValidationPlan(TINY, TYPES, [(0,)], seeds=2)
    done = {run: done_with({"crack": 0.2, "pit": 0.9}) for run in plan.runs()}
    for run in done:
        if run.arm == "synthetic":
            done[run] = done_with({"crack": 0.9, "pit": 0.2})
    found = plan.choose(done)
    assert found.judged[0] == {"crack": 0.5, "pit": 0.0} and found.chosen
    asked = replace(plan, asked={"crack": 0.25, "pit": 1.0})
    done |= {run: done_with({"crack": 0.2, "pit": 0.2}) for run in asked.runs() if run not in done}
    assert asked.choose(done).judged[0] == {"crack": 0.25, "pit": 1.0}
    assert set(asked.figures(done)) == {"real", "per type synthetic"}


def test_rows_hold_mean_and_spread_over_the_seeds() -> None:
    figures = {
        "real": {"crack": [0.1, 0.3], "pit": [0.5, 0.5], "none": [np.nan, np.nan]},
        "0.5 synthetic": {"crack": [0.2, 0.2], "pit": [0.4, 0.8], "none": [np.nan, np.nan]},
    }
    means, spread = rows_of(figures)
    assert means[0] == {"type": "crack", "real": 0.2, "0.5 synthetic": 0.2}
    assert means[-1] == {"type": MEAN, "real": 0.35, "0.5 synthetic": 0.4}
    assert [row["type"] for row in means] == ["crack", "pit", MEAN]
    assert spread[-1] == {
        "type": MEAN,
        "real": pytest.approx(np.std([0.3, 0.4], ddof=1), abs=1e-4),
        "0.5 synthetic": pytest.approx(np.std([0.3, 0.5], ddof=1), abs=1e-4),
    }
    one = {arm: {name: values[:1] for name, values in found.items()} for arm, found in figures.items()}
    assert rows_of(one)[1][0] == {"type": "crack", "real": None, "0.5 synthetic": None}


def test_few_references_are_all_trained_on_and_judged_by_defects_of_other_groups(work: Workplace) -> None:
    bench = bench_of(work, FEW)
    sides = bench.sides(0)
    given = {rows[0].group for rows in sides.bad}
    assert sides.spare and not given & {rows[0].group for rows in sides.spare}
    assert list(bench.validation_folds(0)) == [0]
    run = Run(CHOOSE, "synthetic", 0, 0, 0, everything(bench.rows.types, 0.5))
    folds = bench._folds(run)
    trained = bench._real(run, folds)
    assert {p.key for p in bench.real_defects(0)} <= {p.key for p in trained}
    scored = bench._test(run, folds)
    assert any(not picture.is_good for picture in scored) and any(picture.is_good for picture in scored)
    seen = {picture.group for picture in (*trained, *bench._ours(run, folds))}
    assert not seen & {picture.group for picture in scored}
    assert {picture.group for picture in scored} <= set(bench._test_groups(run))


def test_all_references_are_judged_fold_by_fold(work: Workplace) -> None:
    bench = bench_of(work, LINEAR)
    assert not bench.sides(0).spare
    assert list(bench.validation_folds(0)) == [0, 1]


def test_a_finish_and_spare_defects_are_in_the_name_and_nothing_else_changes_it(
    work: Workplace, tmp_path: Path
) -> None:
    facts = {"steps": 6}
    run = Run(FINAL, "synthetic", 0, 0, None, ())
    assert run.file_name(facts) != replace(run, finish=0.3).file_name(facts)
    # Results of before `finish` was added still hold.
    fields = {name: value for name, value in asdict(run).items() if name != "finish"}
    known = json.dumps({"trainings": TRAININGS, "run": fields, **facts}, sort_keys=True)
    assert hashlib.sha256(known.encode()).hexdigest()[:24] in run.file_name(facts)
    bench = bench_of(work, FEW)
    names = ResultNames(bench, tmp_path)
    sides = bench.sides(0)
    choose = replace(run, stage=CHOOSE, fold=0)
    before = names.path(choose), names.path(run)
    bench._sides[0] = replace(sides, spare=sides.spare[1:])
    after = ResultNames(bench, tmp_path)
    assert after.path(choose) != before[0] and after.path(run) == before[1]


def test_a_rehearsal_with_few_references_and_given_shares(work: Workplace) -> None:
    found = gate.rehearse(work, PART, options=replace(FEW, shares="pit=0.25", finish=0.5))
    assert found.references == 2 and found.seeds == 2 and found.finish == 0.5
    assert found.shares["0"]["pit"] == 0.25 and not found.chosen
    assert {"real", "per type synthetic"} < set(found.average_precision[0])
    assert found.defects == len(bench_of(work, FEW).sides(0).spare) and found.groups >= 1
    assert any("groups that show none of those given" in note for note in found.notes)


def test_a_report_says_how_many_groups_chose_the_shares(work: Workplace) -> None:
    spare = bench_of(work, FEW).sides(0).spare
    groups = len({rows[0].group for rows in spare})
    told = f"chosen by {len(spare)} real defects of {groups} groups"
    assert any(told in note for note in gate.run(work, PART, options=replace(FEW, shares="auto")).notes)
    assert not any("chosen by" in note for note in gate.run(work, PART, options=FEW).notes)
