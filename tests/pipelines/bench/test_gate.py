"""The check of the gate on an ingested plant: what it counts, what it says, and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from factory_gen.errors import UsageError
from factory_gen.gate.decide import HELPS, NOT_PROVEN
from pipelines.bench import gate as bench_gate
from pipelines.bench.gate import GateTrust, Judged
from pipelines.cli import main
from pipelines.wiring import Workplace
from tests.pipelines.ingested import workplace
from tests.pipelines.trained_part import PART, ingest_plant

SMALL = GateTrust(steps=4, window=32, seeds=2, repeats=3, samples=9, goods=10)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    folder = tmp_path_factory.mktemp("trust")
    with workplace(folder / "home") as opened:
        ingest_plant(opened, folder, good=20, defective=24)
        yield opened


def test_no_set_made_to_harm_helps_and_equal_arms_hardly_ever_do(work: Workplace) -> None:
    report = bench_gate.run(work, PART, SMALL)
    assert [one.name for one in report.harm] == [
        "shuffled masks",
        "invisible defects",
        "defects off the part",
    ]
    assert all(one.verdict != HELPS for one in report.harm)
    assert len(report.equal) == 3 and report.equal_helps <= 1
    assert len({one.lift for one in report.equal}) == 3
    assert report.defects > 0 and report.groups > 0 and 0 < report.figure < 1
    assert bench_gate.run(work, PART, SMALL).harm == report.harm


def test_a_harmful_set_that_helps_or_too_many_equal_arms_fail_the_check(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = bench_gate._Bench.judge

    def fooled(self: bench_gate._Bench, name: str, *rest: object) -> tuple[Judged, float]:
        found, figure = judge(self, name, *rest)  # type: ignore[arg-type]
        return replace(found, verdict=HELPS if name == wrong else NOT_PROVEN), figure

    monkeypatch.setattr(bench_gate._Bench, "judge", fooled)
    wrong = "invisible defects"
    assert not bench_gate.run(work, PART, replace(SMALL, repeats=1)).passed
    wrong = "repeat 1"
    assert not bench_gate.run(work, PART, replace(SMALL, repeats=1)).passed
    wrong = "nothing"
    assert bench_gate.run(work, PART, replace(SMALL, repeats=1)).passed


def test_too_few_seeds_are_refused() -> None:
    with pytest.raises(UsageError, match="seeds"):
        GateTrust(seeds=1)


def test_the_command(work: Workplace, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["bench", "gate", "--part", PART, "--home", str(work.settings.home), "--quiet", "--steps", "3"]
    words += ["--window", "32", "--seeds", "2", "--repeats", "1", "--samples", "6"]
    code = main([*words, "--out", str(tmp_path / "found.json"), "--json"])
    shown, written = json.loads(capsys.readouterr().out), json.loads((tmp_path / "found.json").read_text())
    assert shown == written
    assert code == (0 if shown["passed"] else 4)
    assert written["settings"]["steps"] == 3 and written["command"].startswith("factory-gen")
