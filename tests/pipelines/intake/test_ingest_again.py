"""Ingest again: nothing twice, nothing lost by a kill, no side changed, and a stored picture never changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data_registry.errors import NoSpace
from pipelines import ingest
from pipelines.intake import write as ingest_write
from pipelines.intake.options import IngestOptions
from tests.drawn_files import blob_mask, grey, mask_png, png, write
from tests.drawn_folders import mvtec, ok_ng
from tests.pipelines.ingested import PART, Interrupt, blobs, manifest, stored, workplace

BY_FILE = IngestOptions(look_alikes=False)


class Killed(BaseException):
    """Stands for the end of the process."""


def kill() -> None:
    raise Killed


def test_the_same_folder_twice_adds_nothing(tmp_path: Path) -> None:
    source = mvtec(tmp_path / "set")
    with workplace(tmp_path / "home") as work:
        first = ingest.run(work, source, PART)
        before = (stored(work), blobs(work))
        second = ingest.run(work, source, PART)
        assert (stored(work), blobs(work)) == before
    assert (first.added, second.added, second.already_there) == (15, 0, 15)
    assert second.dataset_version == first.dataset_version == 1
    assert (second.good, second.defects, second.splits) == (first.good, first.defects, first.splits)


@pytest.mark.parametrize("stop", [("finish looking", 0), ("advance storing", 0), ("advance storing", 3)])
def test_a_killed_ingest_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: tuple[str, int]
) -> None:
    monkeypatch.setattr(ingest_write, "_CHUNK", 3)
    source = mvtec(tmp_path / "set", defects={"crack": 7, "pit": 5})
    with workplace(tmp_path / "undisturbed") as work:
        ingest.run(work, source, PART)
        wanted = manifest(work)
    with workplace(tmp_path / "home") as work:
        with pytest.raises(Killed):
            ingest.run(work, source, PART, progress=Interrupt(stop[0], kill, stop[1]))
        for row in stored(work).values():  # what is there is whole
            work.blobs.read(row.sha256)
            assert row.mask_sha256 is None or work.blobs.read(row.mask_sha256)
        report = ingest.run(work, source, PART)
        assert manifest(work) == wanted
    assert report.added + report.already_there == len(wanted)
    assert report.dataset_version == 1


def test_a_full_disk_leaves_whole_rows_and_a_second_run_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_write, "_CHUNK", 3)
    source = mvtec(tmp_path / "set")
    with workplace(tmp_path / "home") as work:
        real, calls = type(work.blobs).put, []

        def full(store: object, data: bytes) -> str:
            calls.append(1)
            if len(calls) > 8:
                raise NoSpace(expected="room", found="a full disk", action="Free some.")
            return str(real(work.blobs, data))

        with monkeypatch.context() as patch:
            patch.setattr(type(work.blobs), "put", full)
            with pytest.raises(NoSpace):
                ingest.run(work, source, PART)
        assert 0 < len(stored(work)) < 15
        ingest.run(work, source, PART)
        assert len(stored(work)) == 15


def test_a_grown_folder_keeps_its_sides_and_deals_out_the_rest(tmp_path: Path) -> None:
    source = mvtec(tmp_path / "set", defects={"crack": 3})
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART, options=BY_FILE)
        before = stored(work)
        for n in range(3, 9):
            name = f"{n:03d}"
            write(source, {f"test/crack/{name}.png": png(grey(3000 + n))})
            write(source, {f"ground_truth/crack/{name}_mask.png": mask_png(blob_mask())})
        report = ingest.run(work, source, PART, options=BY_FILE)
        after = stored(work)
    assert {key: after[key] for key in before} == before
    assert report.added == 6
    assert report.dataset_version == 2
    (crack,) = report.defects
    assert (crack.groups_generator, crack.groups_holdout) == (3, 6)
    new = [row.relative_path for row in after.values() if row.split == "generator" and row.kind == "defect"]
    assert sorted(new) == [f"test/crack/00{n}.png" for n in (0, 3, 4)]


def test_a_wanted_mask_may_come_later_and_a_stored_one_stays(tmp_path: Path) -> None:
    source = ok_ng(tmp_path / "set", masks=None)
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART)
        write(source, {"masks/d1.png": mask_png(blob_mask())})
        report = ingest.run(work, source, PART)
        assert (report.added, report.completed, report.mask_wanted_count) == (0, 1, 2)
        first = stored(work)
        assert first["ng/d1.png", "defect"].mask_origin == "file"
        assert first["ng/d0.png", "defect"].mask_sha256 is None
        write(source, {"masks/d1.png": mask_png(blob_mask(at=(20, 20)))})
        again = ingest.run(work, source, PART)
        assert (again.added, again.completed) == (0, 0)
        assert stored(work) == first
    assert report.dataset_version == 2


def test_other_bytes_under_a_stored_path_are_refused(tmp_path: Path) -> None:
    source = ok_ng(tmp_path / "set")
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART)
        before = stored(work)
        write(source, {"ok/0.png": png(grey(99))})
        report = ingest.run(work, source, PART)
        assert stored(work) == before
    assert [(one.path, one.reason) for one in report.refused] == [("ok/0.png", "path-taken")]


def test_a_moved_file_is_a_duplicate_and_a_changed_label_is_refused(tmp_path: Path) -> None:
    source = ok_ng(tmp_path / "set")
    with workplace(tmp_path / "home") as work:
        ingest.run(work, source, PART)
        shutil.move(source / "ok/0.png", source / "ok/moved.png")
        shutil.move(source / "ok/1.png", source / "ng/1.png")
        report = ingest.run(work, source, PART)
        assert len(stored(work)) == 9
    assert (report.added, report.duplicates) == (0, 1)
    assert [(one.path, one.reason) for one in report.refused] == [("ng/1.png", "two-labels")]


def test_defects_alone_may_join_a_part_that_has_good_pictures(tmp_path: Path) -> None:
    more = write(tmp_path / "more", {"ng/new.png": png(grey(500)), "ng/new_mask.png": mask_png(blob_mask())})
    with workplace(tmp_path / "home") as work:
        ingest.run(work, ok_ng(tmp_path / "set"), PART)
        report = ingest.run(work, more, PART)
        assert len(stored(work)) == 10
    assert (report.good, report.added) == (0, 1)


def test_two_parts_do_not_know_each_other(tmp_path: Path) -> None:
    source = ok_ng(tmp_path / "set")
    with workplace(tmp_path / "home") as work:
        for part in ("a", "b"):
            assert ingest.run(work, source, part).added == 9
        assert stored(work, "a").keys() == stored(work, "b").keys()
