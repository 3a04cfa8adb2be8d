"""`factory-gen score` on a drawn part: faults are found and named, scores stored, figures kept, bad calls refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_registry.errors import NotFound
from data_registry.records import PartRecord, SampleRecord
from factory_gen.errors import InputRefused, UsageError
from pipelines import score
from pipelines.commands.output import to_json
from pipelines.pictures.part_images import generator_images
from pipelines.scoring.real_looks import memory_file, real_looks
from pipelines.scoring.score_report import ScoreReport
from pipelines.scoring.score_track import figures_of, plain_name
from pipelines.wiring import Workplace
from tests.pipelines.drawn_part import workplace
from tests.pipelines.scored_part import FAULTS, SAMPLES, scored_part

Done = tuple[Workplace, PartRecord, dict[int, str], ScoreReport]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    with workplace(tmp_path_factory.mktemp("home")) as work:
        part, faults = scored_part(work)
        yield work, part, faults, score.run(work, part.name)


def stored(work: Workplace, part: PartRecord) -> list[SampleRecord]:
    with work.registry.read() as rows:
        return list(rows.samples.stream(part.id))


def of_fault(done: Done, fault: str, name: str) -> np.ndarray:
    work, part, faults, _ = done
    return np.array([s.scores[name] for s in stored(work, part) if faults[s.id] == fault])


def test_every_sample_has_its_scores_and_keeps_the_ones_of_others(done: Done) -> None:
    work, part, _, report = done
    assert report.samples == SAMPLES
    for sample in stored(work, part):
        wanted = {"contrast", "visibility", "change", "grain", "seam", "rim", "nearest_real", "nearest_rank"}
        assert wanted | {"type_fit", "mask_fit", "limits_failed"} <= set(sample.scores)
        assert sample.scores["older"] == 1.0
        assert 0 <= sample.scores["visibility"] <= 1


@pytest.mark.parametrize(
    ("fault", "name", "lower"),
    [
        ("ringed", "rim", False),
        ("moved", "mask_fit", True),
        ("moved", "contrast", True),
        ("copied", "nearest_real", True),
    ],
)
def test_a_planted_fault_shows_in_its_score(done: Done, fault: str, name: str, lower: bool) -> None:
    faulty, good = of_fault(done, fault, name), of_fault(done, "good", name)
    if lower:
        assert faulty.max() < np.median(good)
    else:
        assert faulty.min() > np.median(good)


@pytest.mark.parametrize("fault", ["moved", "copied"])
def test_faulty_samples_fail_limits(done: Done, fault: str) -> None:
    assert (of_fault(done, fault, "limits_failed") >= 1).all()


def test_the_report_says_what_fails_beside_held_out_real_defects(done: Done) -> None:
    report = done[3]
    # drawn scratches are straight lines, so some of the good ones are near copies, too
    assert FAULTS.count("copied") * 3 <= report.near_copies < SAMPLES
    assert report.near_copy_share == pytest.approx(report.near_copies / SAMPLES)
    assert report.real_seen == 42
    assert report.real_held_out == 12
    passes = {line.limit: line for line in report.passes}
    assert passes["all"].samples == pytest.approx(report.passing / SAMPLES)
    assert passes["all"].samples < 0.7
    assert passes["all"].held_out_real <= passes["all but faint and near-copy"].held_out_real
    assert passes["all but faint and near-copy"].samples < 0.9
    assert passes["seam"].held_out_real > 0.75
    assert passes["mask"].samples < passes["mask"].held_out_real
    assert {line.score for line in report.scores} >= {"seam", "type_fit"}
    assert report.type_accuracy > 0.7


def test_the_set_is_measured_against_real_defects(done: Done) -> None:
    report = done[3]
    names = [one.figure for one in report.set_level]
    assert names[0].startswith("KID")
    assert {"precision", "recall", "density", "coverage"} <= set(names)
    assert [one.defect_type for one in report.variety] == ["dent", "scratch", "stain"]
    assert all(one.low <= one.value <= one.high for one in report.set_level if one.figure == "coverage")


def test_figures_go_to_registry_and_mlflow_by_plain_names(done: Done) -> None:
    work, part, _, report = done
    with work.registry.read() as rows:
        kept = {name: rows.kpis.latest(part.id, name) for name in rows.kpis.names(part.id)}
    copies = kept["samples.near_copy_share"]
    assert copies is not None
    assert copies.value == pytest.approx(report.near_copy_share)
    assert {"samples.kid", "samples.cmmd", "samples.coverage", "samples.passing_share"} <= set(kept)
    assert report.run_id
    figures = figures_of(report)
    assert figures["samples.dent.seam"] == next(
        line.samples for line in report.scores if (line.defect_type, line.score) == ("dent", "seam")
    )
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.") for name in figures)
    assert json.loads(to_json(report))["samples"] == SAMPLES


@pytest.mark.parametrize(
    ("text", "name"),
    [("KID (EfficientNet-Lite0 features)", "kid"), ("near-copy", "near_copy"), ("Blow Hole", "blow_hole")],
)
def test_plain_names(text: str, name: str) -> None:
    assert plain_name(text) == name


def test_limits_off_let_everything_pass_and_a_file_makes_it_fail(done: Done, tmp_path: Path) -> None:
    work, part, _, report = done
    assert score.run(work, part.name, limits="off").passing == SAMPLES
    strict = tmp_path / "strict.toml"
    strict.write_text("[all]\nseam = { high = -9.0 }\n")
    assert score.run(work, part.name, limits=str(strict)).passing == 0
    again = score.run(work, part.name)
    assert again.passing == report.passing


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ({"part": "plat"}, NotFound, "plate"),
        ({"request": "0" * 64}, InputRefused, "none of that request"),
        ({"model": "9"}, NotFound, "9"),
        ({"limits": "nowhere.toml"}, InputRefused, "nowhere"),
    ],
)
def test_bad_calls_are_refused(done: Done, call: dict[str, str], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        score.run(done[0], **({"part": "plate"} | call))


def test_limits_for_a_type_that_there_is_not_are_refused(done: Done, tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("[dint]\nseam = { high = 1 }\n")
    with pytest.raises(UsageError, match="dent"):
        score.run(done[0], "plate", limits=str(path))


def test_real_looks_are_measured_once_and_again_when_their_memory_is_damaged(done: Done) -> None:
    work, part, _, _ = done
    first, path = real_looks(work, part), memory_file(work.settings, part)
    assert len(first) == len(generator_images(work, part, kind="defect")) == 42
    text = path.read_text()
    stamp = path.stat().st_mtime_ns
    assert real_looks(work, part) == first
    assert path.stat().st_mtime_ns == stamp
    path.write_text(text.replace('"seam": ', '"seam": 9'))
    assert real_looks(work, part) != first  # it is the memory that is read
    for damage in ("", "{", text.replace('"measures": ', '"measures": 9')):
        path.write_text(damage)
        assert real_looks(work, part) == first
