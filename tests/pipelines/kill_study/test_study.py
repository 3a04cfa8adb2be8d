"""The study of kills: that its points are passed, that it sees what is lost or doubled, and a small one for real."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from factory_gen.errors import UsageError
from pipelines.engine.kinds import KINDS
from pipelines.kill_study import study
from pipelines.kill_study.plant import JOBS, NOTHING
from pipelines.kill_study.points import Points
from pipelines.kill_study.process import Outcome
from pipelines.kill_study.report import JobResult, Kill, KillReport, page
from tests.pipelines.ingested import workplace

RESULTS = Path(__file__).parents[3] / "docs" / "results"
WRITES = """
import os, sys
from pathlib import Path
from pipelines.kill_study.points import Points
points = Points(sys.argv[1], int(sys.argv[2]))
points.install()
from data_registry.session import open_registry
from pipelines.settings import load_settings
from pipelines.wiring import open_workplace
with open_workplace(load_settings({"home": Path(sys.argv[3])}, environ={}).settings) as work:
    work.blobs.put(b"bytes")
    for name in ("first", "second"):
        with work.registry.write() as rows:
            rows.parts.add(name, source_root="x")
print(dict(points.passed))
"""


def write_two_parts(home: Path, point: str, passing: int) -> subprocess.CompletedProcess[str]:
    # the program itself is no module of ours, so its name is put where the points look for one
    program = WRITES.replace("points.install()", "points.install(); globals()['__name__'] = 'pipelines.x'")
    line = [sys.executable, "-c", program, point, str(passing), str(home)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def parts(home: Path) -> list[str]:
    with workplace(home) as work, work.registry.read() as rows:
        return [part.name for part in rows.parts.list()]


def test_a_process_is_killed_at_the_named_passing_and_nowhere_else(tmp_path: Path) -> None:
    whole = write_two_parts(tmp_path / "whole", "", 0)
    assert whole.returncode == 0, whole.stderr
    assert "'before commit in x.<module>': 2" in whole.stdout
    assert "'after rename in storage._name': 1" in whole.stdout
    for edge, kept in (("before", ["first"]), ("after", ["first", "second"])):
        killed = write_two_parts(tmp_path / edge, f"{edge} commit in x.<module>", 2)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert parts(tmp_path / edge) == kept


def test_a_point_is_counted_once_for_each_passing() -> None:
    points = Points("never", 1)
    for _ in range(3):
        points.at("here")
    assert points.passed == {"here": 3}


def outcome(**tables: list[str]) -> Outcome:
    return Outcome(content=tables, problems=[], orphans=0, unfinished=0, tracked=[], agrees=True)


def test_lost_doubled_and_changed_rows_are_told_apart() -> None:
    wanted = outcome(parts=["a"], samples=["1", "2"])
    assert study.compare(wanted, outcome(parts=["a"], samples=["2", "1"])) == ([], [])
    assert study.compare(wanted, outcome(parts=["a"], samples=["1"])) == (["samples: 2"], [])
    assert study.compare(wanted, outcome(parts=["a"], samples=["1", "2", "2"])) == ([], ["samples: 2"])
    assert study.compare(wanted, outcome(parts=["b"], samples=["1", "2"])) == (["parts: a"], ["parts: b"])


def test_every_kind_that_writes_is_killed() -> None:
    assert set(JOBS) == {name for name, kind in KINDS.items() if kind.writes}
    done = [NOTHING]
    for name, job in JOBS.items():
        assert job.after in done, name
        done.append(name)


@pytest.mark.parametrize("kills", [7, 20, 200])
def test_all_kills_are_shared_out_and_the_long_jobs_get_fewer(kills: int) -> None:
    shares = study.share_out(kills, tuple(JOBS))
    assert sum(shares.values()) == kills
    assert min(shares.values()) >= (20 if kills == 200 else 1)
    assert shares["retrain"] <= shares["ingest"]


@pytest.mark.parametrize(("only", "kills"), [(("paint",), 5), (("train", "gate"), 1)])
def test_a_wrong_wish_is_refused(only: tuple[str, ...], kills: int) -> None:
    with pytest.raises(UsageError, match="ingest"):
        study.run(kills=kills, only=only)


def test_the_page_names_what_was_not_clean() -> None:
    kill = Kill(
        job="train",
        at="after commit in train_store.store_model",
        after_s=1.5,
        restart_s=2.0,
        ended_well=True,
        lost=0,
        doubled=1,
        examples=["model_versions: {}"],
        problems=[],
        orphans=3,
        unfinished=0,
        tracking_agrees=False,
    )
    line = JobResult(
        job="train",
        undisturbed_s=3.0,
        rows=9,
        points=4,
        points_killed_at=1,
        kills=1,
        clean=0,
        lost=0,
        doubled=1,
        verify_problems=0,
        slowest_restart_s=2.0,
    )
    report = KillReport(
        command="factory-gen bench kills",
        machine="a machine",
        load=(1.0, 2.0),
        seed=0,
        kills=1,
        clean=0,
        lost=0,
        doubled=1,
        verify_problems=0,
        seconds=60.0,
        jobs=[line],
        left_out={"kpis": "times"},
        details=[kill],
    )
    text = page(report)
    assert not kill.clean
    assert "| train | 3.0 s | 9 | 4, 1 | 1 | 0 | 0 | 1 | 0 | 2.0 s |" in text
    assert "## Not clean\n\n- train, after commit in train_store.store_model" in text
    assert "MLflow disagrees" in text


@pytest.mark.slow
def test_a_small_study_is_clean(tmp_path: Path) -> None:
    """Two kills of each job but the retraining, which takes as long as all others together."""
    jobs = [word for job in JOBS if job != "retrain" for word in ("--job", job)]
    options = ["--kills", str(len(jobs)), "--folder", str(tmp_path), "--quiet", "--json"]
    line = [sys.executable, "-m", "pipelines.cli", "bench", "kills", *jobs, *options]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = json.loads(done.stdout)
    assert (report["kills"], report["clean"], report["lost"], report["doubled"]) == (12, 12, 0, 0)
    assert {one["at"] == "a random moment" for one in report["details"]} == {True, False}


def test_the_committed_page_is_that_of_its_data() -> None:
    facts = json.loads((RESULTS / "kills.json").read_text())
    jobs = [JobResult(**one) for one in facts.pop("jobs")]
    kills = [Kill(**one) for one in facts.pop("details")]
    report = KillReport(**facts, jobs=jobs, details=kills)
    assert (RESULTS / "kills.md").read_text().startswith(page(report))
    assert report.kills == report.clean == len(kills) >= 200
    assert {one.job for one in jobs if one.kills >= 20} == set(JOBS)
