"""The export job, from rows and stored bytes to a folder and an `Export` row, on a real registry."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_registry.errors import Integrity, NotFound
from data_registry.records import PartRecord
from factory_gen.errors import GateNotPassed, InputRefused, NoSpace, UsageError
from factory_gen.export.formats import FORMATS
from factory_gen.export.tree import hash_folder, tree_sha256
from factory_gen.images.files import encode_png, read_picture
from pipelines import export
from pipelines.errors import NotPermitted
from pipelines.release.checks import check_room
from pipelines.release.version import Wanted, freeze_version, write_version
from pipelines.wiring import Workplace
from tests.data_registry.rows import dataset, model, sha
from tests.drawn_files import grey
from tests.pipelines.drawn_part import add_good, add_sample, draw_part, source_files, workplace


@pytest.fixture(scope="module")
def drawn_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a drawn part, made once and copied for every test."""
    home = tmp_path_factory.mktemp("drawn") / "home"
    with workplace(home) as opened:
        draw_part(opened)
    return home


@pytest.fixture
def work(drawn_home: Path, tmp_path: Path) -> Iterator[Workplace]:
    shutil.copytree(drawn_home, tmp_path / "home")
    with workplace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def part(work: Workplace) -> PartRecord:
    with work.registry.read() as rows:
        return rows.parts.get("tile")


def run(work: Workplace, out: Path, format: str = "mvtec", **options: Any) -> export.ExportReport:
    """Export what the gate has found to help."""
    wanted = Wanted(**{name: options[name] for name in ("request", "model", "defect") if name in options})
    judge_samples(work, wanted)
    return export.run(work, "tile", format=format, out=out, **options)


def judge_samples(
    work: Workplace, wanted: Wanted, decision: str = "helps", low: float = 0.01, finish: float = 0.0
) -> None:
    """Freeze the samples and store a verdict on them."""
    spool = work.settings.home / "judged.jsonl"
    with work.registry.read() as rows:
        part = rows.parts.get("tile")
    try:
        with spool.open("wb") as out:
            selection = write_version(work, part, wanted, out)
        version = freeze_version(work, part, selection, spool)
    finally:
        spool.unlink()
    with work.registry.write() as rows:
        rows.verdicts.add(
            part.id,
            dataset_version_id=version.id,
            decision=decision,
            metric="macro pixel AP",
            lift=0.05,
            lift_low=low,
            lift_high=0.09,
            settings_sha256=sha("settings"),
            report={"finish": finish} if finish else {},  # older reports lack it
        )


def manifest(folder: Path, name: str = "manifest.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_goes_from_rows_to_a_folder_and_a_row(
    work: Workplace, tmp_path: Path, format: str
) -> None:
    report = run(work, tmp_path / "out", format)
    assert (report.images, report.types, report.models) == (6, {"blow hole": 2, "crack": 4}, {1: 6})
    assert report.good_images == (3 if format in ("mvtec", "anomalib") else 0)
    assert (report.dataset_version, report.dry_run, report.already_there) == (1, False, False)
    assert all(result.exact == result.masks == 6 for result in report.read_back)
    assert report.tree_sha256 == tree_sha256(hash_folder(tmp_path / "out"))
    with work.registry.read() as rows:
        (row,) = rows.exports.list(rows.parts.get("tile").id)
    assert (row.format, row.out_dir, row.override_reason) == (format, str(tmp_path / "out"), None)
    assert (row.manifest_sha256, row.tree_sha256) == (report.manifest_sha256, report.tree_sha256)
    assert row.read_back["manifest.jsonl"]["worst_iou"] == 1.0
    json.dumps(dataclasses.asdict(report), default=str)


def test_the_manifest_tells_where_each_picture_comes_from(work: Workplace, tmp_path: Path) -> None:
    run(work, tmp_path / "out")
    lines = manifest(tmp_path / "out")
    assert [line["sample_id"] for line in lines] == [1, 2, 3, 4, 5, 6]
    first = lines[1]
    assert Path(first["image"]).name == "crack_000000.png"
    assert (first["seed"], first["solver"], first["steps"], first["model_version"]) == (71, "euler", 4, 1)
    assert first["recipe_sha256"] == sha("recipe")
    assert first["audit"] == {"passed": True, "contrast": 0.25}
    assert first["mask_origin"] == {"kind": "procedural"}
    files = source_files()
    for line in lines:
        assert line["source_image"] in files
        source = read_picture(files[line["source_image"]], "source")
        result = read_picture((tmp_path / "out" / line["image"]).read_bytes(), "result")
        mask = np.asarray(Image.open(tmp_path / "out" / line["mask"])) > 0
        assert result.pixels.dtype == source.pixels.dtype
        np.testing.assert_array_equal(result.pixels[~mask], source.pixels[~mask])
        assert (result.pixels[mask] != source.pixels[mask]).any()


@pytest.mark.parametrize("format", FORMATS)
def test_a_version_is_frozen_whatever_happens_later(work: Workplace, tmp_path: Path, format: str) -> None:
    first = run(work, tmp_path / "first", format)
    second = run(work, tmp_path / "second", format)
    assert first.tree_sha256 == second.tree_sha256
    assert hash_folder(tmp_path / "first") == hash_folder(tmp_path / "second")
    with work.registry.write() as rows:
        rows.reviews.add(2, decision="ng", reviewer="kim", reason="faint")
    third = run(work, tmp_path / "third", format)
    assert (second.dataset_version, third.dataset_version) == (1, 2)
    assert (third.images, third.left_out) == (5, {"reviewed NG": 1})
    with work.registry.read() as rows:
        members = work.blobs.read(rows.datasets.get(1, 1, "synthetic").manifest_sha256).splitlines()
    assert sum(json.loads(line)["kind"] == "sample" for line in members) == 6


def test_the_same_command_again_is_a_no_op(work: Workplace, tmp_path: Path) -> None:
    run(work, tmp_path / "out")
    again = run(work, tmp_path / "out")
    assert again.already_there
    with work.registry.read() as rows:
        assert len(rows.exports.list(1)) == 1
    with pytest.raises(InputRefused, match="other content"):
        run(work, tmp_path / "out", "coco")


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({}, {1, 2, 3, 4, 5, 6, 7, 8}),
        ({"defect": "blow hole"}, {1, 4}),
        ({"request": sha("other")}, {7}),
        ({"model": "2"}, {8}),
        ({"model": "champion"}, {8}),
        ({"defect": "crack", "model": "1"}, {2, 3, 5, 6, 7}),
    ],
)
def test_conditions(
    work: Workplace, part: PartRecord, tmp_path: Path, options: dict[str, str], numbers: set[int]
) -> None:
    with work.registry.write() as rows:
        newer = model(rows, part, dataset(rows, part), folder="tile/0002")
        rows.models.set_alias(part.id, "champion", newer.id)
    add_sample(work, part, 1, 6, request_sha256=sha("other"))
    add_sample(work, part, 1, 7, model_number=2)
    run(work, tmp_path / "out", **options)
    assert {line["sample_id"] for line in manifest(tmp_path / "out")} == numbers


def test_samples_that_no_gate_has_judged_stay(work: Workplace, tmp_path: Path) -> None:
    with pytest.raises(GateNotPassed, match=r"gate --part tile`.*--override REASON"):
        export.run(work, "tile", format="mvtec", out=tmp_path / "out", dry_run=True)
    with work.registry.read() as rows:
        assert rows.datasets.latest(1, "synthetic") is None
    with pytest.raises(GateNotPassed, match=r"no verdict.*gate --part tile --version 1`") as refusal:
        export.run(work, "tile", format="mvtec", out=tmp_path / "out")
    assert refusal.value.exit_code == 4
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    with work.registry.read() as rows:
        assert rows.exports.list(1) == []
        assert rows.datasets.latest(1, "synthetic") is not None, "so that the gate can be asked by its number"


@pytest.mark.parametrize(("decision", "low"), [("not proven", -0.01), ("harms", -0.2)])
def test_a_set_that_is_not_shown_to_help_goes_only_with_a_reason(
    work: Workplace, part: PartRecord, tmp_path: Path, decision: str, low: float
) -> None:
    judge_samples(work, Wanted())
    judge_samples(work, Wanted(), decision, low)
    for dry_run in (True, False):
        with pytest.raises(GateNotPassed, match=f"'{decision}': macro pixel AP"):
            export.run(work, "tile", format="mvtec", out=tmp_path / "out", dry_run=dry_run)
    report = export.run(work, "tile", format="mvtec", out=tmp_path / "out", override="for a trial line")
    assert (report.override_reason, report.overridden) == ("for a trial line", {"verdict": 1})
    card = (tmp_path / "out/DATASET_CARD.md").read_text()
    assert "Reason given: for a trial line" in card
    assert f"'{decision}': macro pixel AP +0.050 ({low:+.3f} to +0.090)" in card
    with work.registry.read() as rows:
        assert [row.override_reason for row in rows.exports.list(part.id)] == ["for a trial line"]


def test_a_verdict_is_on_these_samples_alone(work: Workplace, part: PartRecord, tmp_path: Path) -> None:
    judge_samples(work, Wanted())
    with pytest.raises(GateNotPassed, match="no verdict"):
        export.run(work, "tile", format="mvtec", out=tmp_path / "out", defect="crack")
    add_sample(work, part, 1, 6)
    with pytest.raises(GateNotPassed, match="--version 3"):
        export.run(work, "tile", format="mvtec", out=tmp_path / "out")


@pytest.mark.parametrize("override", [None, "not needed"])
def test_the_card_says_what_the_gate_said(work: Workplace, tmp_path: Path, override: str | None) -> None:
    report = run(work, tmp_path / "out", override=override)
    assert (report.override_reason, report.overridden) == (None, {})
    card = (tmp_path / "out/DATASET_CARD.md").read_text()
    assert "The gate's verdict is 'helps': macro pixel AP +0.050 (+0.010 to +0.090)" in card


def test_the_card_says_that_the_inspectors_ended_on_real_defects(work: Workplace, tmp_path: Path) -> None:
    judge_samples(work, Wanted(), finish=0.3)
    export.run(work, "tile", format="mvtec", out=tmp_path / "out")
    card = (tmp_path / "out/DATASET_CARD.md").read_text()
    assert "saw real defects alone in the last 30% of their training" in card


@pytest.mark.parametrize("audit", [{"passed": False}, {"passed": "yes"}, {}])
def test_only_what_passed_its_audit_may_go(
    work: Workplace, part: PartRecord, tmp_path: Path, audit: dict[str, Any]
) -> None:
    add_sample(work, part, 1, 6, audit=audit)
    report = run(work, tmp_path / "out")
    assert (report.images, report.left_out) == (6, {"audit not passed": 1})
    assert 7 not in {line["sample_id"] for line in manifest(tmp_path / "out")}


@pytest.mark.parametrize(
    ("decisions", "goes"), [(["ng"], False), (["ng", "ok"], True), (["undecided"], True)]
)
def test_the_latest_review_counts(work: Workplace, tmp_path: Path, decisions: list[str], goes: bool) -> None:
    for decision in decisions:
        with work.registry.write() as rows:
            rows.reviews.add(3, decision=decision, reviewer="kim", reason="")
    run(work, tmp_path / "out")
    assert (3 in {line["sample_id"] for line in manifest(tmp_path / "out")}) is goes


@pytest.mark.parametrize("override", [None, "please"])
@pytest.mark.parametrize(
    ("options", "hint"),
    [({"defect": "fray"}, "samples of blow hole, crack"), ({"request": sha("no")}, "no sample")],
)
def test_nothing_to_export_is_refused_override_or_not(
    work: Workplace, tmp_path: Path, options: dict[str, str], hint: str, override: str | None
) -> None:
    with pytest.raises(GateNotPassed, match=hint):
        run(work, tmp_path / "out", override=override, **options)
    assert not (tmp_path / "out").exists()


def test_a_part_without_samples_is_told_to_generate(work: Workplace, tmp_path: Path) -> None:
    draw_part(work, samples=0, name="bare")
    with pytest.raises(GateNotPassed, match="factory-gen generate"):
        export.run(work, "bare", format="mvtec", out=tmp_path / "out")


def test_a_picture_changed_outside_its_mask_stops_the_export(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    pixels = grey(1)
    pixels[0, 0] ^= 1
    add_sample(work, part, 1, 6, image_sha256=work.blobs.put(encode_png(pixels)))
    with pytest.raises(GateNotPassed, match=r"crack_000004 to equal good/grey\.png in every bit"):
        run(work, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    report = run(work, tmp_path / "out", override="only to look at")
    assert (report.override_reason, report.overridden) == ("only to look at", {"unchanged_outside_mask": 1})
    assert "Reason given: only to look at" in (tmp_path / "out/DATASET_CARD.md").read_text()
    with work.registry.read() as rows:
        assert [row.override_reason for row in rows.exports.list(part.id)] == ["only to look at"]


def test_a_sample_made_from_a_hold_out_picture_stops_the_export(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    held = add_good(work, part, "good/held.png", encode_png(grey(9)), split="holdout")
    add_sample(work, part, held, 6)
    with pytest.raises(GateNotPassed, match="1 made from hold-out pictures"):
        run(work, tmp_path / "out")
    assert run(work, tmp_path / "out", override="a demonstration").overridden == {"source_split": 1}


@pytest.mark.parametrize("what", ["image_sha256", "mask_sha256", "source"])
@pytest.mark.parametrize("damage", ["flipped", "gone"])
def test_damaged_bytes_stop_the_export_override_or_not(
    work: Workplace, tmp_path: Path, what: str, damage: str
) -> None:
    with work.registry.read() as rows:
        sample = rows.samples.get(4)
        source = rows.images.get(sample.source_image_id)
    path = work.blobs.path(source.sha256 if what == "source" else getattr(sample, what))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    if damage == "flipped":
        path.write_bytes(data)
    with pytest.raises(Integrity):
        run(work, tmp_path / "out", override="please")
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    with work.registry.read() as rows:
        assert rows.exports.list(1) == []


def test_a_dry_run_says_the_same_and_writes_nothing(work: Workplace, tmp_path: Path) -> None:
    before = hash_folder(work.settings.blobs_dir)
    dry = export.run(work, "tile", format="mvtec", out=tmp_path / "out", override="a look", dry_run=True)
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    assert hash_folder(work.settings.blobs_dir) == before
    with work.registry.read() as rows:
        assert rows.datasets.latest(1, "synthetic") is None
    real = run(work, tmp_path / "out")
    for name in ("images", "types", "models", "good_images", "left_out", "megabytes"):
        assert getattr(dry, name) == getattr(real, name)
    assert (dry.dry_run, dry.dataset_version, dry.tree_sha256) == (True, None, None)


def test_good_pictures_come_from_the_generators_split_alone(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    add_good(work, part, "good/held.png", encode_png(grey(9)), split="holdout")
    files = source_files() | {"good/later.png": encode_png(grey(10))}
    add_good(work, part, "good/later.png", files["good/later.png"])
    run(work, tmp_path / "out")
    lines = manifest(tmp_path / "out", "manifest_real.jsonl")
    assert [line["source_image"] for line in lines] == list(files)
    for line in lines:
        assert (tmp_path / "out" / line["image"]).read_bytes() == files[line["source_image"]]


def test_many_good_pictures_are_thinned_evenly(
    work: Workplace, part: PartRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.release.version.MOST_GOOD", 4)
    for number in range(9):
        add_good(work, part, f"good/more{number}.png", encode_png(grey(100 + number)))
    assert run(work, tmp_path / "out").good_images == 4
    lines = manifest(tmp_path / "out", "manifest_real.jsonl")
    assert [Path(line["source_image"]).stem for line in lines] == ["grey", "more0", "more3", "more6"]


@pytest.mark.parametrize(("format", "stored"), [("mvtec", "decoded to PNG"), ("anomalib", "original bytes")])
def test_a_good_picture_that_readers_skip_is_decoded(
    work: Workplace, part: PartRecord, tmp_path: Path, format: str, stored: str
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(grey(5)).save(buffer, "BMP")
    add_good(work, part, "good/plain.BMP", buffer.getvalue())
    run(work, tmp_path / "out", format)
    line = manifest(tmp_path / "out", "manifest_real.jsonl")[-1]
    assert (line["source_image"], line["stored"]) == ("good/plain.BMP", stored)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / line["image"])), grey(5))
    assert line["source_sha256"] == hashlib.sha256(buffer.getvalue()).hexdigest()


def test_a_turned_good_picture_lies_as_its_samples_do(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(grey(5)).save(buffer, "JPEG", exif=exif, quality=95)
    add_good(work, part, "good/turned.jpg", buffer.getvalue())
    run(work, tmp_path / "out", "anomalib")
    line = manifest(tmp_path / "out", "manifest_real.jsonl")[-1]
    assert line["stored"] == "decoded to PNG"
    seen = np.asarray(Image.open(tmp_path / "out" / line["image"]))
    np.testing.assert_array_equal(seen, read_picture(buffer.getvalue(), "turned").pixels)


@pytest.mark.parametrize(("format", "with_good", "count"), [("coco", "sources", 3), ("mvtec", "none", 0)])
def test_good_pictures_on_request(
    work: Workplace, tmp_path: Path, format: str, with_good: str, count: int
) -> None:
    assert run(work, tmp_path / "out", format, with_good=with_good).good_images == count
    assert (tmp_path / "out/manifest_real.jsonl").exists() is (count > 0)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"format": "voc"}, UsageError),
        ({"override": " "}, UsageError),
        ({"with_good": "all"}, UsageError),
        ({"model": "9"}, NotFound),
    ],
)
def test_a_call_that_is_off_writes_nothing(
    work: Workplace, tmp_path: Path, options: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(work, tmp_path / "out", **options)
    assert {path.name for path in tmp_path.iterdir()} == {"home"}


def test_an_unknown_part_is_refused(work: Workplace, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        export.run(work, "tyle", format="mvtec", out=tmp_path / "out")


def test_a_disk_without_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    check_room(1000, tmp_path / "a/b")
    with pytest.raises(NoSpace, match="MB free"):
        check_room(10**18, tmp_path / "a/b")


class Notes:
    """Remembers what a job says of its progress."""

    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}
        self.done: dict[str, float] = {}
        self.finished: list[str] = []

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        self.totals[stage] = total

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        self.done[stage] = self.done.get(stage, 0) + amount

    def finish(self, stage: str) -> None:
        self.finished.append(stage)

    def say(self, text: str) -> None:
        raise AssertionError(text)


@pytest.mark.parametrize("format", FORMATS)
def test_progress_comes_to_its_end(work: Workplace, tmp_path: Path, format: str) -> None:
    notes = Notes()
    run(work, tmp_path / "out", format, with_good="sources", progress=notes)
    assert notes.done == notes.totals
    assert notes.finished == ["write", "read back"]


class Refusing(Notes):
    """Stands where the operating system would refuse."""

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/some/where")


def test_a_refusal_of_the_operating_system_is_put_into_words(work: Workplace, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="/some/where"):
        run(work, tmp_path / "out", progress=Refusing())


def test_an_export_that_was_stopped_before_its_row_gets_it_from_the_next_run(
    work: Workplace, drawn_home: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn_home, tmp_path / "before")
    first = run(work, tmp_path / "out")
    with workplace(tmp_path / "before") as earlier:
        again = run(earlier, tmp_path / "out")
        with earlier.registry.read() as rows:
            (row,) = rows.exports.list(1)
    assert again.already_there
    assert row.tree_sha256 == first.tree_sha256


def test_a_frozen_version_goes_as_it_was_whatever_is_reviewed_since(work: Workplace, tmp_path: Path) -> None:
    first = run(work, tmp_path / "first")
    with work.registry.read() as rows:
        part = rows.parts.get("tile")
        sample = rows.samples.page(part.id)[0]
    with work.registry.write() as rows:
        rows.reviews.add(sample.id, decision="ng", reviewer="Mia")
    again = export.run(work, "tile", format="mvtec", out=tmp_path / "again", version=first.dataset_version)
    assert (again.dataset_version, again.tree_sha256) == (first.dataset_version, first.tree_sha256)
    assert again.types == first.types and again.models == first.models
    with pytest.raises(UsageError):
        export.run(work, "tile", format="mvtec", out=tmp_path / "both", version=1, defect="crack")
    with pytest.raises(NotFound):
        export.run(work, "tile", format="mvtec", out=tmp_path / "none", version=9)


def test_what_two_people_let_go_goes_with_their_names_and_nothing_else(
    work: Workplace, part: PartRecord, tmp_path: Path
) -> None:
    with pytest.raises(GateNotPassed):
        export.run(work, "tile", format="mvtec", out=tmp_path / "out")
    with work.registry.write() as rows:
        version = rows.datasets.list(part.id)[-1]
        asked = rows.overrides.ask(
            part.id, dataset_version_id=version.id, reason="trial of the trainer", asked_by="Mia"
        )
    with pytest.raises(GateNotPassed):
        export.run(work, "tile", format="mvtec", out=tmp_path / "out", version=version.number)
    with work.registry.write() as rows:
        rows.overrides.confirm(asked.id, confirmed_by="Bo")
    report = export.run(work, "tile", format="mvtec", out=tmp_path / "out", version=version.number)
    assert report.override_reason == "trial of the trainer (asked by Mia, confirmed by Bo)"
    with pytest.raises(GateNotPassed):
        export.run(work, "tile", format="mvtec", out=tmp_path / "other", defect="crack")
