"""The gate on a trained demo part, with the fast inspector: refusals, resuming, the verdict's row, the command."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_registry.records import DatasetVersionRecord, NewImage, NewSample
from factory_gen.errors import InputRefused, UsageError
from factory_gen.gate.cutpaste import cutpaste
from factory_gen.gate.pictures import GatePicture
from factory_gen.images.files import encode_mask, encode_png, read_mask, read_picture
from pipelines import gate
from pipelines.cli import main
from pipelines.inspection.bench import Bench
from pipelines.inspection.names import ResultNames
from pipelines.inspection.options import GateOptions
from pipelines.inspection.pictures import choose_references, find_rows, labels_of, load_picture
from pipelines.inspection.report import GateReport, plain
from pipelines.inspection.runs import Run, read
from pipelines.progress import Silent
from pipelines.wiring import Workplace
from tests.data_registry.rows import model, sha
from tests.pipelines.ingested import workplace
from tests.pipelines.trained_part import PART, ingest_plant

LINEAR = GateOptions(settings="tiny", inspector="linear", seeds=2, workers=1, shares="all")


def add_samples(work: Workplace, count: int, *, request: str = "request", start: int = 0) -> None:
    """Samples of every type without a trained model: real defects pasted onto good pictures of the generator's side."""
    with work.registry.write() as rows:
        part = rows.parts.get(PART)
        catalogue = rows.datasets.latest(part.id, "catalogue")
        assert catalogue is not None
        known = rows.models.list(part.id)
        made_by = (
            known[0]
            if known
            else model(rows, part, catalogue, recipe={"windows": {"size": 32, "augment": ["flip-x"]}})
        )
        goods = list(rows.images.stream(part.id, kind="good", split="generator"))
        bad = list(rows.images.stream(part.id, kind="defect", split="generator"))
    rng, samples = np.random.default_rng(0), []
    for index in range(count):
        row, good = bad[(index + start) % len(bad)], goods[(index + start) % len(goods)]
        source, target = (read_picture(work.blobs.read(one.sha256), "p").pixels for one in (row, good))
        mask = read_mask(work.blobs.read(str(row.mask_sha256)), "m", size=source.shape[:2])
        pixels, placed = cutpaste(target, source, mask, rng)
        samples.append(
            NewSample(
                source_image_id=good.id,
                image_sha256=work.blobs.put(encode_png(pixels)),
                mask_sha256=work.blobs.put(encode_mask(placed)),
                defect_type=str(row.defect_type),
                mask_origin={"kind": "drawn"},
                model_version_id=made_by.id,
                recipe_sha256=made_by.recipe_sha256,
                request_sha256=sha(request),
                index=index,
                seed=index,
                solver="euler",
                steps=4,
                attempts=1,
                audit={"passed": True},
                scores={},
            )
        )
    with work.registry.write() as rows:
        rows.samples.add_many(part.id, samples)


@pytest.fixture(scope="module")
def gated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an ingested part and some samples, made once and copied for every test."""
    folder = tmp_path_factory.mktemp("gated")
    with workplace(folder / "home") as work:
        ingest_plant(work, folder, good=20, defective=24)
        add_samples(work, 18)
    return folder / "home"


@pytest.fixture
def work(gated_home: Path, tmp_path: Path) -> Iterator[Workplace]:
    shutil.copytree(gated_home, tmp_path / "home")
    with workplace(tmp_path / "home") as opened:
        yield opened


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_a_whole_gate(work: Workplace) -> None:
    heard = Heard()
    report = gate.run(work, PART, options=replace(LINEAR, shares="auto", curve=True), progress=heard)
    assert report.verdict in ("helps", "not proven", "harms")
    assert report.lift_low <= report.lift <= report.lift_high
    assert set(report.arms) == {"real", "oversampled", "synthetic"}
    assert report.metric == "pixel_ap_macro"
    assert report.version == 1 and report.generator == (1,)
    assert set(report.per_type) == {"crack", "pit", "stain"} or len(report.per_type) == 3
    assert [point["x"] for point in report.lift_by_synthetic] == [0, 0.5, 1, 2, 4]
    assert {"before", "after"} <= set(report.curves["precision_recall"])
    assert report.operating_point["recall_after"] is not None
    assert set(report.shares) == {"0"}
    assert report.control_half is not None and report.converged is not None
    # 1 half, 2 folds x 2 arms, then 2 seeds x (3 arms + 4 amounts)
    assert sum("trainings (" in line for line in heard.said) == 5 + 14
    assert any("min left in all" in line for line in heard.said)
    json.dumps(plain(report), allow_nan=False)


def test_a_killed_gate_goes_on_where_it_was(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gate.run(work, PART, options=LINEAR)
    shutil.rmtree(work.settings.home / "gate")
    done: list[Run] = []
    do = Bench.do

    def until_killed(self: Bench, run: Run, *rest: object) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        do(self, run, *rest)  # type: ignore[arg-type]
        done.append(run)

    monkeypatch.setattr(Bench, "do", until_killed)
    with pytest.raises(KeyboardInterrupt):
        gate.run(work, PART, options=LINEAR)
    monkeypatch.setattr(Bench, "do", do)
    heard = Heard()
    again = gate.run(work, PART, options=LINEAR, progress=heard)
    assert heard.said[0] == "3 of 6 trainings are there already"
    assert (again.lift, again.lift_low, again.arms) == (whole.lift, whole.lift_low, whole.arms)


def test_a_result_that_a_power_cut_broke_is_done_again(work: Workplace) -> None:
    gate.run(work, PART, options=LINEAR)
    files = sorted((work.settings.home / "gate").rglob("*.npz"))
    assert len(files) == 6
    files[0].write_bytes(files[0].read_bytes()[:100])
    heard = Heard()
    gate.run(work, PART, options=LINEAR, progress=heard)
    assert heard.said[0] == "5 of 6 trainings are there already"


def test_arms_without_our_samples_are_trained_once_for_all_versions(work: Workplace) -> None:
    gate.run(work, PART, options=replace(LINEAR, shares="auto"))
    add_samples(work, 6, request="another", start=5)
    heard = Heard()
    other = gate.run(work, PART, options=replace(LINEAR, shares="auto"), progress=heard)
    assert other.version == 2
    # Of the validation the control, whole and half; then real and oversampled with both seeds.
    assert [line for line in heard.said if "there already" in line] == [
        "3 of 5 trainings are there already",
        "4 of 6 trainings are there already",
    ]
    anew = Heard()
    again = gate.run(
        work, PART, version=2, options=replace(LINEAR, shares="auto", resume=False), progress=anew
    )
    assert not any("there already" in line for line in anew.said)
    assert (again.lift, again.arms) == (other.lift, other.arms)


def test_a_result_has_another_name_when_what_it_depends_on_changes(work: Workplace, tmp_path: Path) -> None:
    program = tmp_path / "own.py"
    program.write_text("print(1)")
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    own = GateOptions(settings="tiny", inspector="command", command=f"python {program}")
    run = Run("final", "oversampled", 0, 0, None, ())

    def name(how: GateOptions, run: Run = run) -> str:
        return ResultNames(Bench(work, gate._task(work, part, version(work), how)), tmp_path).path(run).name

    names = [name(LINEAR), name(replace(LINEAR, references=2)), name(replace(LINEAR, settings="small"))]
    names += [
        name(LINEAR, replace(run, seed=1)),
        name(LINEAR, replace(run, shares=(("pit", 0.5),))),
        name(own),
    ]
    program.write_text("print(2)")
    names.append(name(own))
    assert len(set(names)) == len(names)
    assert name(replace(LINEAR, seeds=5, workers=2)) == names[0]


def test_two_processes_give_what_one_gives(work: Workplace) -> None:
    one = gate.run(work, PART, options=LINEAR)
    two = gate.run(work, PART, options=replace(LINEAR, workers=2, resume=False))
    assert (one.lift, one.arms) == (two.lift, two.arms)


def verdicts(work: Workplace) -> list[str]:
    with work.registry.read() as rows:
        return [row.decision for row in rows.verdicts.list(rows.parts.get(PART).id)]


def store_as_if(report: GateReport, work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        frozen = rows.datasets.get(part.id, report.version, "synthetic")
    bench_task = gate._task(work, part, frozen, GateOptions(settings="tiny"))
    gate._store(work, bench_task, report)


def test_the_verdict_is_stored_but_not_that_of_a_toy(work: Workplace) -> None:
    report = gate.run(work, PART, options=LINEAR)
    assert not report.stored and verdicts(work) == []
    assert any("not stored" in note for note in report.notes)
    store_as_if(report, work)
    assert verdicts(work) == [report.verdict]
    with work.registry.read() as rows:
        row = rows.verdicts.latest(rows.parts.get(PART).id)
    assert row is not None and row.report["reason"] == report.reason


@pytest.mark.slow
def test_the_segmentation_inspector_end_to_end(work: Workplace) -> None:
    report = gate.run(work, PART, options=replace(LINEAR, inspector="segmentation"))
    assert report.stored and verdicts(work) == [report.verdict]
    assert report.hardest_samples and report.hardest_samples[0][0].startswith("sample ")
    assert len(report.losses["synthetic"]) == 6


def test_few_shot_says_that_the_generator_saw_more(work: Workplace) -> None:
    few = gate.run(work, PART, options=replace(LINEAR, references=2))
    assert few.references == 2 and not few.stored
    assert any("NOT trained on these 2" in note for note in few.notes)
    whole = gate.run(work, PART, options=LINEAR)
    assert next(point["x"] for point in whole.lift_by_real) == 2
    assert len(whole.lift_by_real) == 2


def version(work: Workplace) -> DatasetVersionRecord:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
        found = rows.datasets.latest(part.id, "synthetic")
    return found or gate._version(work, part, None, gate.Wanted())


def changed(work: Workplace, **changes: object) -> int:
    """A new version whose first member's lineage is changed; gives its number."""
    lines = work.blobs.read(version(work).manifest_sha256).decode().splitlines()
    first = json.loads(lines[0])
    first["lineage"] |= changes
    sha256 = work.blobs.put("\n".join([json.dumps(first), *lines[1:]]).encode())
    with work.registry.write() as rows:
        part = rows.parts.get(PART)
        return rows.datasets.add(part.id, kind="synthetic", manifest_sha256=sha256, counts={}).number


def test_a_sample_on_a_held_out_picture_is_refused(work: Workplace) -> None:
    with work.registry.read() as rows:
        held = next(iter(rows.images.stream(rows.parts.get(PART).id, split="holdout")))
    number = changed(work, source_sha256=held.sha256, source_image=held.relative_path)
    with pytest.raises(InputRefused, match="painted on held-out pictures"):
        gate.run(work, PART, version=number, options=LINEAR)


def test_a_generator_that_saw_a_held_out_group_is_refused(work: Workplace) -> None:
    with work.registry.write() as rows:
        part = rows.parts.get(PART)
        held = next(iter(rows.images.stream(part.id, split="holdout", kind="defect")))
        model = rows.models.get(part.id, 1)
        catalogue = rows.datasets.latest(part.id, "catalogue")
        assert catalogue is not None
        leaked = json.dumps(
            {
                "relative_path": "defect/other.png",
                "sha256": "0" * 64,
                "kind": "defect",
                "defect_type": held.defect_type,
                "group": held.group,
                "split": "generator",
            }
        )
        lines = work.blobs.read(catalogue.manifest_sha256).decode() + leaked + "\n"
        sha256 = work.blobs.put(lines.encode())
        seen = rows.datasets.add(part.id, kind="catalogue", manifest_sha256=sha256, counts={})
        facts = {
            name: getattr(model, name)
            for name in (
                "folder",
                "weights_sha256",
                "recipe_name",
                "recipe_sha256",
                "recipe",
                "mlflow_run_id",
            )
        }
        facts |= {"parent_id": None, "seed": 0, "status": "ready", "metrics": {}, "folder": "other"}
        parent = rows.models.add(part.id, dataset_version_id=seen.id, **facts)
        facts |= {"parent_id": parent.id, "folder": "another"}
        child = rows.models.add(part.id, dataset_version_id=catalogue.id, **facts)
    number = changed(work, model_version=child.number)
    with pytest.raises(InputRefused, match=r"trained on defect/other\.png, which is held out now"):
        gate.run(work, PART, version=number, options=LINEAR)


def test_nothing_of_a_fold_is_trained_on_when_it_is_scored(work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    bench = Bench(work, gate._task(work, part, version(work), LINEAR))
    seen: dict[str, set[str]] = {}
    for fold in (0, 1):
        run = Run("choose", "synthetic", 0, 0, fold, (("crack", 1.0),))
        folds = bench._folds(run)

        def groups(pictures: object) -> set[str]:
            assert isinstance(pictures, list) or hasattr(pictures, "__getitem__")
            return {p.group for p in pictures if isinstance(p, GatePicture)}  # type: ignore[attr-defined]

        trained = groups(bench._real(run, folds)) | groups(bench._ours(run, folds))
        scored = groups(bench._test(run, folds))
        assert trained and scored and not trained & scored
        seen[str(fold)] = scored
    final = Run("final", "synthetic", 0, 0, None, (("crack", 1.0),))
    held = {p.group for p in bench._test(final, {})}
    assert not held & {p.group for p in [*bench._real(final, {}), *bench._ours(final, {})]}
    assert not held & (seen["0"] | seen["1"])


@pytest.mark.parametrize(
    "options", [{"seeds": 1}, {"splits": 0}, {"references": 1}, {"reject": 1.0}, {"shares": "some"}]
)
def test_options_out_of_range(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        GateOptions(**options)  # type: ignore[arg-type]


def test_an_unreadable_or_missing_result_is_none(tmp_path: Path) -> None:
    assert read(tmp_path / "run.npz") is None
    (tmp_path / "run.npz").write_bytes(b"no archive")
    assert read(tmp_path / "run.npz") is None


def test_the_command(work: Workplace, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["gate", "--settings", "tiny", "--inspector", "linear", "--seeds", "2", "--shares", "all"]
    words += [
        "--workers",
        "1",
        "--quiet",
        "--home",
        str(work.settings.home),
        "--out",
        str(tmp_path / "g.json"),
    ]
    code = main([*words, "--json"])
    shown, written = json.loads(capsys.readouterr().out), json.loads((tmp_path / "g.json").read_text())
    assert code == (0 if shown["verdict"] == "helps" else 4)
    for key in (
        "part",
        "metric",
        "lift",
        "lift_low",
        "lift_high",
        "arms",
        "splits",
        "seeds",
        "machine",
        "command",
    ):
        assert written[key] == shown[key] or key == "arms"
    assert main([*words, "--resume"]) == code
    text = capsys.readouterr().out
    assert "verdict: " in text and "oversampled" in text and "replicates" not in text


def unmasked(work: Workplace) -> None:
    """One defect on either side whose mask is still wanted."""
    with work.registry.write() as rows:
        part = rows.parts.get(PART)
        for split in ("generator", "holdout"):
            known = next(iter(rows.images.stream(part.id, kind="defect", split=split)))
            picture = read_picture(work.blobs.read(known.sha256), "known").pixels
            data = encode_png(255 - picture)
            new = NewImage(
                relative_path=f"unmasked/{split}.png",
                sha256=work.blobs.put(data),
                kind="defect",
                defect_type=known.defect_type,
                width=known.width,
                height=known.height,
                mode="L",
                group=known.group,
                split=split,
            )
            rows.images.add_many(part.id, [new])


def test_labels_without_masks_serve_a_classifier_on_whole_pictures(work: Workplace) -> None:
    frozen = version(work)
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    before = find_rows(work, part, frozen, pixels=True)
    unmasked(work)
    masked = find_rows(work, part, frozen, pixels=True)
    assert (len(masked.bad), len(masked.test_bad), masked.whole) == (
        len(before.bad),
        len(before.test_bad),
        False,
    )
    labelled = find_rows(work, part, frozen, pixels=False)
    assert (len(labelled.bad), labelled.whole) == (len(before.bad) + 1, True)
    new = next(rows for rows in labelled.bad if rows[0].mask_sha256 is None)
    picture = load_picture(work, new, 32)
    assert picture.size == (32, 32) and not picture.has_masks and picture.labels == (new[0].defect_type,)


def test_references_are_as_many_per_type_and_prefer_what_the_generator_saw(work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    bad = find_rows(work, part, version(work), pixels=True).bad
    chosen = choose_references(bad, 2, seed=0)
    counts = Counter(row.defect_type for rows in chosen for row in rows)
    assert set(counts.values()) == {2} and len(counts) == 3
    seen = frozenset(rows[0].sha256 for rows in bad[-4:])
    preferred = choose_references(bad, 2, seed=0, prefer=seen)
    per_type = Counter(rows[0].defect_type for rows in bad[-4:])
    expected = sum(min(2, count) for count in per_type.values())
    assert sum(rows[0].sha256 in seen for rows in preferred) == expected


def test_apart_means_that_no_two_of_the_three_share_a_group(work: Workplace) -> None:
    with work.registry.read() as rows:
        part = rows.parts.get(PART)
    bench = Bench(work, gate._task(work, part, version(work), replace(LINEAR, train_on="apart")))
    generator = {one[0].group for one in (*bench.rows.good, *bench.rows.bad)}
    for split in (0, 1):
        sides = bench.sides(split)
        trained = {one[0].group for one in (*sides.good, *sides.bad)}
        judged = {one[0].group for one in (*sides.test_good, *sides.test_bad)}
        assert trained and judged
        assert not trained & judged and not generator & (trained | judged)
        assert {name for one in sides.bad for name in labels_of(one)} == set(bench.rows.types)
    assert gate.run(work, PART, options=replace(LINEAR, train_on="apart")).train_on == "apart"


def test_a_rehearsal_compares_without_the_hold_out_and_stores_no_verdict(
    work: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with work.registry.read() as rows:
        before = len(rows.verdicts.list(rows.parts.get(PART).id))
    scored: list[str] = []
    real_test = Bench._test

    def noted(self: Bench, run: Run, folds: dict[str, int]) -> Any:
        scored.append(run.stage)
        return real_test(self, run, folds)

    monkeypatch.setattr(Bench, "_test", noted)
    words = ["gate", "--settings", "tiny", "--inspector", "linear", "--rehearse", "--workers", "1", "--anew"]
    code = main([*words, "--quiet", "--home", str(work.settings.home), "--json"])
    told = capsys.readouterr()
    assert code == 0, told.err
    shown = json.loads(told.out)
    assert set(scored) == {"choose", "half"}
    rows_by_type = {row["type"]: row for row in shown["average_precision"]}
    mean = rows_by_type.pop("mean of types")
    for arm in ("real", "0.5 synthetic"):
        values = [row[arm] for row in rows_by_type.values()]
        assert all(0 <= value <= 1 for value in values)
        assert mean[arm] == pytest.approx(np.mean(values), abs=1e-3)
    for name, share in shown["shares"]["0"].items():
        gained = name in rows_by_type and rows_by_type[name]["0.5 synthetic"] > rows_by_type[name]["real"]
        assert share == (0.5 if gained or not shown["chosen"] else 0.0)
    with work.registry.read() as rows:
        assert len(rows.verdicts.list(rows.parts.get(PART).id)) == before


def test_shares_can_be_given_for_all_types_or_for_some(work: Workplace) -> None:
    report = gate.run(work, PART, options=replace(LINEAR, shares="0.25"))
    assert {share for shares in report.shares.values() for share in shares.values()} == {0.25}
    name, *others = sorted(report.per_type)
    report = gate.run(work, PART, options=replace(LINEAR, shares=f"{name}=0.5"))
    assert report.shares["0"] == {name: 0.5, **dict.fromkeys(others, 0.0)}
    with pytest.raises(UsageError, match="no such type"):
        gate.run(work, PART, options=replace(LINEAR, shares="no such type=0.5"))


@pytest.mark.parametrize("shares", ["some", "0", "1.5", "nan", "a=2", "a=0.5,a=1", "a=0", "=0.5", "a=0.5,b"])
def test_a_share_that_is_none_is_refused(shares: str) -> None:
    with pytest.raises(UsageError, match=r"a number in \(0,1\]"):
        GateOptions(shares=shares)
