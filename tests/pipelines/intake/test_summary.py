"""The words of the report: what is thin, what is possible, what is missing; and the notes behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_registry.layouts.found import Leftover
from factory_gen.errors import InputRefused, NoSpace
from pipelines.intake.notebook import open_notebook
from pipelines.intake.refusals import Refusals
from pipelines.intake.report import DefectCount, Refusal
from pipelines.intake.summary import LeftOver, defect_warnings, what_is_possible
from pipelines.intake.write import conversions


def count(name: str, pictures: int, masks: int, generator: int = 1, holdout: int = 1) -> DefectCount:
    return DefectCount(
        defect_type=name,
        pictures=pictures,
        with_mask=masks,
        groups_generator=generator,
        groups_holdout=holdout,
    )


GOOD_PARTS = "whole-window generation of good parts"
POSSIBLE = {
    "no defects": (5, (), (GOOD_PARTS, "missing for defects: defective pictures")),
    "masks": (5, (count("a", 3, 3),), (GOOD_PARTS, "defects with exact masks on good parts: a")),
    "some masks": (
        5,
        (count("a", 3, 1), count("b", 2, 0)),
        (GOOD_PARTS, "defects with exact masks on good parts: a", "missing for b: a mask"),
    ),
    "no masks": (5, (count("a", 3, 0),), (GOOD_PARTS, "missing for a: a mask")),
    "no good": (0, (count("a", 3, 3),), ("missing for defects on good parts: good pictures",)),
}


@pytest.mark.parametrize("case", POSSIBLE)
def test_the_report_says_what_is_possible_and_what_is_missing(case: str) -> None:
    good, defects, wanted = POSSIBLE[case]
    lines = what_is_possible(good, defects)
    assert len(lines) == len(wanted)
    assert all(line.startswith(start) for line, start in zip(lines, wanted, strict=True))


@pytest.mark.parametrize(
    "defects, starts",
    [
        ((), ["no defective pictures"]),
        ((count("a", 3, 3),), []),
        ((count("a", 1, 1, 1, 0),), ["one picture of a", "all groups of a went to the generator"]),
        ((count("a", 2, 2, 0, 2),), ["all groups of a are held out"]),
    ],
)
def test_thin_defects_are_pointed_out(defects: tuple[DefectCount, ...], starts: list[str]) -> None:
    warnings = defect_warnings(defects)
    assert len(warnings) == len(starts)
    assert all(text.startswith(start) for text, start in zip(warnings, starts, strict=True))


def test_left_over_files_are_counted_and_only_some_are_named() -> None:
    left = LeftOver()
    for n in range(300):
        left.add(Leftover(f"masks/{n}.png", "mask-without-image"))
        left.add(Leftover(f"{n}.txt", "other-file"))
        left.add(Leftover(f"{n}/Thumbs.db", "system-file"))
    left.add(Leftover("groups.csv", "groups-file"))
    assert (left.masks_count, len(left.masks)) == (300, 100)
    assert left.counts == {"other-file": 300, "system-file": 300}
    assert left.examples == [f"{n}.txt" for n in range(20)]


def test_too_many_refusals_end_the_ingest_with_their_reasons() -> None:
    refusals = Refusals(3)
    for n, reason in enumerate(["cut", "cut", "empty"]):
        refusals.add(Refusal(path=f"{n}.png", reason=reason, expected="x", found="y", action="z"))
    assert refusals.by_reason() == {"cut": 2, "empty": 1}
    with pytest.raises(InputRefused) as caught:
        refusals.add(Refusal(path="4.png", reason="cut", expected="x", found="y", action="z"))
    assert "3 cut, 1 empty; for example 0.png: y" in caught.value.found


@pytest.mark.parametrize(
    "notes, depth, wanted",
    [
        ('["exif-turned-6", "10 bits in 16"]', 12, ("exif-turned-6", "12 bits in 16")),
        ('["10 bits in 16"]', 16, ()),
        ('["palette->RGB"]', 8, ("palette->RGB",)),
    ],
)
def test_the_notes_name_the_depth_of_the_whole_part(notes: str, depth: int, wanted: tuple[str, ...]) -> None:
    assert conversions(notes, depth) == wanted


def test_a_full_disk_under_the_notebook_is_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(NoSpace) as caught, open_notebook(tmp_path) as notebook:
        notebook.change("PRAGMA max_page_count = 30")
        for n in range(100):
            notebook.change("INSERT INTO thumbs VALUES (?, '', ?)", str(n), bytes(4000))
    assert caught.value.exit_code == 8
    assert list(tmp_path.iterdir()) == []
