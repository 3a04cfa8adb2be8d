"""Bad input: a bad file is named and left out, a bad source is refused as a whole and nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from data_registry.errors import RegistryError
from factory_gen.errors import FactoryGenError, InputRefused, UsageError
from pipelines import ingest
from pipelines.intake import read_file
from pipelines.intake.options import IngestOptions
from pipelines.wiring import Workplace
from tests.drawn_files import blob_mask, colour, grey, mask_png, png, saved, write
from tests.drawn_folders import coco, ok_ng, runs, square
from tests.pipelines.ingested import Interrupt, blobs, stored, workplace


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    with workplace(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture
def part(request: pytest.FixtureRequest) -> str:
    """A part of its own for each test."""
    return ascii(request.node.name)


MASK = blob_mask()
SET = {"ok/1.png": png(grey(1)), "ok/2.png": png(grey(2)), "ng/good.png": png(grey(3))}
SET["masks/good.png"] = mask_png(MASK)


def bad_defect(mask: bytes, name: str = "masks/bad.png") -> dict[str, bytes]:
    return {"ng/bad.png": png(grey(9)), name: mask}


BAD_FILES: dict[str, tuple[dict[str, bytes], str, str]] = {
    "zero bytes": ({"ok/bad.png": b""}, "ok/bad.png", "empty-file"),
    "text": ({"ok/bad.png": b"hello"}, "ok/bad.png", "wrong-format"),
    "gif": ({"ok/bad.gif": saved(grey(), "GIF")}, "ok/bad.gif", "wrong-format"),
    "truncated": ({"ok/bad.png": png(grey())[:300]}, "ok/bad.png", "truncated"),
    "too small": ({"ok/bad.png": png(grey(0, (8, 8)))}, "ok/bad.png", "too-small"),
    "float": ({"ok/bad.tif": saved(grey().astype(np.float32), "TIFF")}, "ok/bad.tif", "float-samples"),
    "mask of another size": (bad_defect(mask_png(blob_mask((50, 50)))), "ng/bad.png", "mask-size"),
    "empty mask": (bad_defect(mask_png(MASK & False)), "ng/bad.png", "mask-empty"),
    "jpeg mask": (
        bad_defect(saved(MASK * np.uint8(255), "JPEG"), "masks/bad.jpg"),
        "ng/bad.png",
        "mask-jpeg",
    ),
    "grey mask": (bad_defect(png(grey())), "ng/bad.png", "mask-grey"),
    "coloured mask": (bad_defect(png(colour())), "ng/bad.png", "mask-colour"),
    "broken mask": (bad_defect(b"x"), "ng/bad.png", "wrong-format"),
    "two masks": (
        bad_defect(mask_png(MASK)) | {"masks/bad_mask.png": mask_png(MASK)},
        "ng/bad.png",
        "two-masks",
    ),
    "odd name": ({"ok/a\nb.png": png(grey())}, "'ok/a\\nb.png'", "unsafe-name"),
    "good and defective": ({"ok/a.png": png(grey(7)), "ng/b.png": png(grey(7))}, "ng/b.png", "two-labels"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_by_name_and_the_rest_goes_on(
    work: Workplace, part: str, tmp_path: Path, case: str
) -> None:
    files, path, reason = BAD_FILES[case]
    source = write(tmp_path / "set", SET | files)
    report = ingest.run(work, source, part)
    rows = stored(work, part)
    refused = {one.path: one for one in report.refused}
    assert refused[path].reason == reason
    assert report.refused_by_reason[reason] == len(report.refused)
    assert refused[path].expected and refused[path].found and refused[path].action
    assert set(rows) == {("ok/1.png", None), ("ok/2.png", None), ("ng/good.png", "defect")}


def test_a_mask_on_a_good_picture_is_refused_and_an_empty_one_is_not(
    work: Workplace, part: str, tmp_path: Path
) -> None:
    source = write(
        tmp_path / "set",
        {f"train/good/{n}.png": png(grey(n)) for n in range(3)}
        | {"ground_truth/good/0.png": mask_png(MASK), "ground_truth/good/1.png": mask_png(MASK & False)},
    )
    report = ingest.run(work, source, part)
    assert set(stored(work, part)) == {("train/good/1.png", None), ("train/good/2.png", None)}
    assert report.refused_by_reason == {"mask-on-good": 1}


@pytest.mark.parametrize(
    "annotation, reason",
    [
        ({"segmentation": [[1, 1, 90, 1, 90, 90]]}, "bad-polygon"),
        ({"segmentation": [[1, 1, 20, 20, 20, 1, 1, 20]]}, "bad-polygon"),
        ({"segmentation": {"size": [40, 48], "counts": [5]}}, "bad-rle"),
        ({"segmentation": runs(MASK & False)}, "mask-empty"),
    ],
)
def test_bad_annotations_are_refused_by_picture(
    work: Workplace, part: str, tmp_path: Path, annotation: dict[str, object], reason: str
) -> None:
    shapes = [
        {"image_id": 0, "category_id": 1, "segmentation": square()},
        {"image_id": 1, "category_id": 1, **annotation},
    ]
    report = ingest.run(work, coco(tmp_path / "set", shapes), part)
    assert [(one.path, one.reason) for one in report.refused] == [("images/1.png", reason)]
    assert [(one.defect_type, one.pictures) for one in report.defects] == [("crack", 1)]


def test_annotations_made_at_another_size_are_refused(work: Workplace, part: str, tmp_path: Path) -> None:
    root = coco(tmp_path / "set", [{"image_id": 0, "category_id": 1, "segmentation": square()}])
    text = (root / "annotations.json").read_text().replace('"width": 48', '"width": 96')
    (root / "annotations.json").write_text(text)
    report = ingest.run(work, root, part)
    assert report.refused_by_reason == {"annotation-size": 1}


def groups_csv(text: bytes) -> Callable[[Path], Path]:
    return lambda root: write(ok_ng(root), {"groups.csv": text})


BAD_SOURCES: dict[str, tuple[Callable[[Path], Path], IngestOptions, int]] = {
    "nothing there": (lambda root: root, IngestOptions(), 3),
    "a file": (lambda root: write(root, {"a.txt": b"x"}) / "a.txt", IngestOptions(), 3),
    "empty folder": (lambda root: write(root, {}) if root.mkdir() is None else root, IngestOptions(), 3),
    "no picture": (lambda root: write(root, {"ok/notes.txt": b"x"}), IngestOptions(), 3),
    "no good picture": (lambda root: write(root, {"ng/1.png": png(grey())}), IngestOptions(), 3),
    "all refused": (lambda root: write(root, {"ok/1.png": b"x", "ng/1.png": b"y"}), IngestOptions(), 3),
    "too many refused": (
        lambda root: write(ok_ng(root), {f"ok/bad{n}.png": b"x" for n in range(3)}),
        IngestOptions(max_refused=2),
        3,
    ),
    "unknown layout": (ok_ng, IngestOptions(layout="voc"), 3),
    "truncated zip": (lambda root: write(root, {"a.zip": b"PK\3\4"}) / "a.zip", IngestOptions(), 3),
    "groups file gone": (ok_ng, IngestOptions(groups_file=Path("gone.csv")), 3),
    "groups without columns": (groups_csv(b"a,b\n1,2\n"), IngestOptions(), 3),
    "groups without that column": (groups_csv(b"image,group\n"), IngestOptions(group_column="lot"), 3),
    "groups that contradict": (groups_csv(b"image,group\nok/1.png,a\nok/1.png,b\n"), IngestOptions(), 3),
    "groups in no encoding": (groups_csv(b"image,group\n\x81\x01,1\n"), IngestOptions(), 3),
    "broken json": (lambda root: write(root, {"a.json": b'{"images": ['}), IngestOptions(layout="coco"), 3),
}


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_source_is_refused_whole_and_leaves_nothing(
    work: Workplace, part: str, tmp_path: Path, case: str, dry_run: bool
) -> None:
    build, options, exit_code = BAD_SOURCES[case]
    source, before = build(tmp_path / "set"), blobs(work)
    with pytest.raises((FactoryGenError, RegistryError)) as caught:
        ingest.run(work, source, part, options=options, dry_run=dry_run)
    with work.registry.read() as rows:
        assert part not in {one.name for one in rows.parts.list()}
    assert blobs(work) == before
    assert caught.value.exit_code == exit_code
    assert caught.value.expected and caught.value.found and caught.value.action


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\u202eb", "x" * 300])
def test_a_part_name_that_cannot_be_shown_is_a_usage_error(
    work: Workplace, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError):
        ingest.run(work, ok_ng(tmp_path / "set"), name)


@pytest.mark.parametrize(
    "values",
    [
        {"generator_share": 0.0},
        {"generator_share": 1.5},
        {"good_share": float("nan")},
        {"mm_per_pixel": 0.0},
        {"mm_per_pixel": float("inf")},
        {"mm_per_pixel": -1.0},
        {"bit_depth": 8},
        {"bit_depth": 17},
        {"mask_threshold": 0},
        {"max_refused": -1},
        {"group_pattern": "("},
        {"group_pattern": "num_[0-9]+"},
    ],
)
def test_options_out_of_their_range_are_a_usage_error(values: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        IngestOptions(**values)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2


def change(source: Path) -> None:
    write(source, {"ok/2.png": png(grey(77))})


def delete(source: Path) -> None:
    (source / "ok/2.png").unlink()


@pytest.mark.parametrize("action, reason", [(change, "changed-while-read"), (delete, "unreadable")])
def test_a_file_that_changes_between_the_passes_is_left_out(
    work: Workplace, part: str, tmp_path: Path, action: Callable[[Path], None], reason: str
) -> None:
    source = write(tmp_path / "set", SET)
    progress = Interrupt("finish looking", lambda: action(source))
    report = ingest.run(work, source, part, progress=progress)
    assert set(stored(work, part)) == {("ok/1.png", None), ("ng/good.png", "defect")}
    assert report.refused_by_reason == {reason: 1}
    assert report.added == 2


def test_a_file_too_large_for_any_picture_is_not_read(
    work: Workplace, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_file, "MAX_BYTES", 5000)
    source = write(tmp_path / "set", SET | {"ok/huge.png": bytes(6000)})
    assert ingest.run(work, source, part).refused_by_reason == {"too-large": 1}


def test_an_unreadable_file_is_named(work: Workplace, part: str, tmp_path: Path) -> None:
    source = write(tmp_path / "set", SET)
    path = source / "ok/locked.png"
    path.write_bytes(png(grey(5)))
    path.chmod(0)
    report = ingest.run(work, source, part)
    # root reads everything: there the file simply counts
    assert report.refused_by_reason == ({} if os.geteuid() == 0 else {"unreadable": 1})


def test_a_read_only_source_is_enough(work: Workplace, part: str, tmp_path: Path) -> None:
    source = write(tmp_path / "set", SET)
    for path in [*source.rglob("*"), source]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert ingest.run(work, source, part).added == 3
    for path in [source, *source.iterdir()]:
        path.chmod(0o755)


def test_the_message_of_a_hopeless_folder_names_the_cause(work: Workplace, part: str, tmp_path: Path) -> None:
    source = write(tmp_path / "set", {"ok/1.png": b"x", "ok/2.png": b""})
    with pytest.raises(InputRefused) as caught:
        ingest.run(work, source, part)
    assert "1 wrong-format" in caught.value.found
    assert "1 empty-file" in caught.value.found
