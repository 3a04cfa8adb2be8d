"""Scores while generating: stored with each sample, the same as `score` finds later, and able to send samples back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_registry.records import SampleRecord
from factory_gen.errors import InputRefused, UsageError
from pipelines import generate, score
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


def samples(work: Workplace, request: str) -> dict[int, SampleRecord]:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        return {s.id: s for s in rows.samples.stream(part.id, request_sha256=request)}


def test_score_finds_again_what_the_generation_stored(work: Workplace) -> None:
    made = generate.run(work, PART, count=6, seed=21)
    before = samples(work, made.request)
    assert len(before) == made.kept >= 2
    report = score.run(work, PART, request=made.request)
    after = samples(work, made.request)
    assert report.samples == made.kept
    for number, sample in before.items():
        assert {"contrast", "visibility", "change", "seam", "rim"} <= set(sample.scores)
        again = {name: after[number].scores[name] for name in sample.scores}
        assert again == pytest.approx(sample.scores, rel=1e-3, abs=1e-6)
        assert "mask_fit" in after[number].scores
        assert after[number].audit == sample.audit


def test_a_limit_that_nothing_passes_sends_everything_back(work: Workplace, tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("[all]\nseam = { high = -9.0 }\n")
    strict = generate.run(work, PART, count=2, seed=22, limits=str(path))
    loose = generate.run(work, PART, count=2, seed=22, limits="off")
    assert strict.kept == 0
    assert strict.sent_back["seam"] >= 4
    assert loose.kept > 0
    assert "seam" not in loose.sent_back
    assert strict.request != loose.request


def test_the_audit_goes_by_the_limits_of_the_file(work: Workplace, tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("[all]\ncontrast = { low = 1000.0 }\n")
    report = generate.run(work, PART, count=2, seed=23, limits=str(path))
    assert report.kept == 0
    assert set(report.failed) <= {"faint", "no-place", "unchanged", "wrong-sign"}
    assert report.sent_back["faint"] >= 2


@pytest.mark.parametrize(
    ("text", "error"), [("[bend]\nseam = { high = 1 }", UsageError), ("[all]\nseem = 1", UsageError)]
)
def test_a_file_with_a_mistake_draws_nothing(
    work: Workplace, tmp_path: Path, text: str, error: type[Exception]
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(error):
        generate.run(work, PART, count=2, seed=24, limits=str(path))
    with pytest.raises(InputRefused):
        generate.run(work, PART, count=2, seed=24, limits=str(tmp_path / "absent.toml"))
