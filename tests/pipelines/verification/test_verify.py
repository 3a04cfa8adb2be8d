from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_registry.chunks import CHUNK
from data_registry.records import NewImage, Problem
from pipelines import verify
from pipelines.progress import Silent
from pipelines.settings import load_settings
from pipelines.verification.rows import count_mentions, mentions
from pipelines.wiring import Workplace, open_workplace
from tests.data_registry.rows import defect, good, model, sample


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Plant:
    """A workplace in which every kind of row names real bytes."""

    work: Workplace
    out: Path
    picture: str
    mask: str
    region: str
    catalogue: str
    sample: str
    sample_mask: str

    def blob(self, sha256: str) -> Path:
        return self.work.blobs.path(sha256)

    def model_file(self, name: str) -> Path:
        return Path(self.work.settings.models_dir) / "tile-1" / name


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    settings = load_settings({"home": tmp_path / "home"}, environ={}).settings
    with open_workplace(settings) as work:
        put = work.blobs.put
        pictures = [put(b"picture %d" % number) for number in range(30)]
        mask, region = put(b"mask"), put(b"region")
        made, made_mask = put(b"sample"), put(b"sample mask")
        lines = [
            json.dumps({"relative_path": sha256, "sha256": sha256, "mask_sha256": None})
            for sha256 in pictures
        ]
        catalogue = put("\n".join(lines).encode())
        weights = _model_folder(Path(settings.models_dir) / "tile-1")
        export = _export_folder(tmp_path / "out")
        with work.registry.write() as rows:
            part = rows.parts.add("tile", source_root="tiles")
            rows.parts.set_allowed_region(part.id, region)
            rows.images.add_many(part.id, _rows(pictures, mask))
            version = rows.datasets.add(
                part.id, kind="catalogue", manifest_sha256=catalogue, counts={"images": 30}
            )
            trained = model(rows, part, version, folder="tile-1", weights_sha256=weights)
            model(rows, part, version, folder="never-written", status="failed")
            new = sample(rows.images.page(part.id)[0], trained, image_sha256=made, mask_sha256=made_mask)
            rows.samples.add_many(part.id, [new])
            for folder in (tmp_path / "out", tmp_path / "gone"):
                rows.exports.add(
                    part.id,
                    dataset_version_id=version.id,
                    format="coco",
                    out_dir=str(folder),
                    manifest_sha256=export,
                    tree_sha256=export,
                    override_reason=None,
                    read_back={},
                )
        yield Plant(work, tmp_path / "out", pictures[0], mask, region, catalogue, made, made_mask)


def _rows(pictures: list[str], mask: str) -> list[NewImage]:
    plain = [good(str(number), sha256=sha256) for number, sha256 in enumerate(pictures[1:])]
    return [defect("d", sha256=pictures[0], mask_sha256=mask), *plain]


def _model_folder(folder: Path) -> str:
    (folder / "flow").mkdir(parents=True)
    (folder / "flow" / "weights.safetensors").write_bytes(b"weights")
    (folder / "part.json").write_bytes(b"{}")
    files = {"flow/weights.safetensors": _hash(b"weights"), "part.json": _hash(b"{}")}
    (folder / "manifest.json").write_text(json.dumps(files))
    return _hash((folder / "manifest.json").read_bytes())


def _export_folder(folder: Path) -> str:
    folder.mkdir()
    (folder / "a.png").write_bytes(b"image")
    (folder / "a_mask.png").write_bytes(b"its mask")
    line = {
        "image": "a.png",
        "mask": "a_mask.png",
        "image_sha256": _hash(b"image"),
        "mask_sha256": _hash(b"its mask"),
    }
    (folder / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    return _hash((folder / "manifest.jsonl").read_bytes())


def test_a_sound_workplace_is_found_sound(plant: Plant) -> None:
    report = verify.run(plant.work)
    assert report.ok
    assert report.problems == report.warnings == ()
    # 30 pictures, a mask, a region, a version, a sample and its mask
    assert report.counts == verify.VerifyCounts(
        mentions=35,
        blobs=35,
        hashed=35,
        orphans=0,
        unfinished=0,
        members=30,
        models=1,
        exports=1,
        exports_moved=1,
    )
    assert count_mentions(plant.work.registry) == len(list(mentions(plant.work.registry))) == 35


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("harm", "kind"), [(_flip, "changed"), (_truncate, "changed"), (Path.unlink, "missing")]
)
@pytest.mark.parametrize(
    ("which", "table", "key"),
    [
        ("picture", "source_images", "tile/crack/d.png"),
        ("mask", "masks", "tile/crack/d.png"),
        ("region", "parts", "tile"),
        ("catalogue", "dataset_versions", "tile/catalogue 1"),
        ("sample", "samples", "tile/sample 1"),
        ("sample_mask", "samples", "tile/sample 1 mask"),
    ],
)
def test_every_harm_to_stored_bytes_is_found(
    plant: Plant, harm: Callable[[Path], None], kind: str, which: str, table: str, key: str
) -> None:
    sha256 = getattr(plant, which)
    harm(plant.blob(sha256))
    report = verify.run(plant.work)
    assert not report.ok
    first = report.problems[0]
    assert (first.kind, first.table, first.key) == (kind, table, key)
    assert sha256 in first.detail
    assert str(plant.blob(sha256)) in first.action
    # A picture that is gone is missed by its row and by the version that lists it.
    also = 2 if (which, kind) == ("picture", "missing") else 1
    assert len(report.problems) == also


def test_the_advice_for_a_lost_picture_heals_it(plant: Plant, tmp_path: Path) -> None:
    plant.blob(plant.picture).unlink()
    [first, *_] = verify.run(plant.work).problems
    assert "Copy the original picture to" in first.action
    plant.blob(plant.picture).write_bytes(b"picture 0")
    assert verify.run(plant.work).ok


@pytest.mark.parametrize(
    ("name", "harm", "kind"),
    [
        ("manifest.json", _flip, "changed"),
        ("manifest.json", Path.unlink, "missing"),
        ("flow/weights.safetensors", _flip, "changed"),
        ("flow/weights.safetensors", Path.unlink, "missing"),
        ("part.json", _truncate, "changed"),
    ],
)
def test_every_harm_to_a_model_is_found(
    plant: Plant, name: str, harm: Callable[[Path], None], kind: str
) -> None:
    harm(plant.model_file(name))
    [problem] = verify.run(plant.work).problems
    assert (problem.kind, problem.table, problem.key) == (kind, "model_versions", "tile/model 1")
    assert name in problem.detail


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd"])
def test_a_models_folder_leads_nowhere_else(plant: Plant, name: str) -> None:
    with plant.work.registry.write() as rows:
        part = rows.parts.get("tile")
        version = rows.datasets.get(part.id, 1, "catalogue")
        model(rows, part, version, folder=name)
    problems = verify.run(plant.work).problems
    assert [problem.kind for problem in problems] == ["outside"]


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("manifest.jsonl", _flip),
        ("manifest.jsonl", Path.unlink),
        ("a.png", _flip),
        ("a_mask.png", Path.unlink),
    ],
)
def test_an_edited_export_is_a_warning(plant: Plant, name: str, harm: Callable[[Path], None]) -> None:
    harm(plant.out / name)
    report = verify.run(plant.work)
    assert report.ok
    [warning] = report.warnings
    assert (warning.kind, warning.key) == ("edited", "tile/export 1")
    assert name in warning.detail


def test_orphans_and_unfinished_files_are_counted_and_harm_nobody(plant: Plant) -> None:
    for number in range(3):
        plant.work.blobs.put(b"orphan %d" % number)
    (plant.work.blobs.root / ".incoming-x").write_bytes(b"half")
    report = verify.run(plant.work)
    assert report.ok
    assert (report.counts.orphans, report.counts.unfinished, report.counts.blobs) == (3, 1, 38)


def _changed(problem: Problem) -> bool:
    return problem.kind == "changed"


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 5, 30), (1.0, 35, 35)])
def test_a_share_of_the_bytes_can_be_hashed(plant: Plant, share: float, least: int, most: int) -> None:
    plant.blob(plant.sample).unlink()
    _flip(plant.blob(plant.mask))
    report = verify.run(plant.work, sample_bytes=share)
    # The one that is gone is found whatever the share, and not hashed.
    assert least - 1 <= report.counts.hashed <= most
    assert "missing" in {problem.kind for problem in report.problems}
    if share in (0.0, 1.0):
        assert any(map(_changed, report.problems)) == (share == 1.0)


def test_shares_move_on_so_that_all_is_hashed_in_the_end(plant: Plant) -> None:
    _flip(plant.blob(plant.mask))
    found = [any(map(_changed, verify.run(plant.work, sample_bytes=0.5).problems)) for _ in range(40)]
    assert any(found)
    assert not all(found)


class _Told(Silent):
    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}
        self.done: dict[str, float] = {}

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        self.totals[stage] = total

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        self.done[stage] = self.done.get(stage, 0) + amount


def test_progress_reaches_its_total(plant: Plant) -> None:
    told = _Told()
    verify.run(plant.work, progress=told)
    assert told.done["stored bytes"] == told.totals["stored bytes"] == 35


def test_nothing_is_changed(plant: Plant) -> None:
    _flip(plant.blob(plant.mask))
    before = {path: path.read_bytes() for path in plant.work.blobs.root.rglob("*") if path.is_file()}
    verify.run(plant.work)
    after = {path: path.read_bytes() for path in plant.work.blobs.root.rglob("*") if path.is_file()}
    assert after == before


def test_rows_past_the_first_page_are_looked_at(tmp_path: Path) -> None:
    with open_workplace(load_settings({"home": tmp_path}, environ={}).settings) as work:
        with work.registry.write() as rows:
            part = rows.parts.add("tile", source_root="tiles")
            rows.images.add_many(part.id, (good(str(number)) for number in range(CHUNK + 5)))
        seen = [mention.key for mention in mentions(work.registry)]
    assert len(seen) == len(set(seen)) == CHUNK + 5


def test_an_empty_workplace_is_sound(tmp_path: Path) -> None:
    with open_workplace(load_settings({"home": tmp_path}, environ={}).settings) as work:
        report = verify.run(work)
    assert report.ok
    assert report.counts.blobs == 0
