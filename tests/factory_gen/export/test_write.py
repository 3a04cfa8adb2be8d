"""One export from items to the finished folder."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factory_gen.errors import GateNotPassed, InputRefused, IntegrityError, NoSpace, UsageError
from factory_gen.export import mvtec
from factory_gen.export.item import ExportItem
from factory_gen.export.layout import Format, ReadMask
from tests.factory_gen.export.drawn_items import MASKS, all_shapes, export, good, item


def _format(**changes: object) -> Format:
    return replace(mvtec.FORMAT, **changes)  # type: ignore[arg-type]


def _read_wrong(root: Path) -> Iterator[ReadMask]:
    """A reader that misses the last column of every mask."""
    for one in mvtec.read_back(root):
        seen = one.mask.copy()
        seen[:, np.flatnonzero(seen.any(axis=0))[-1]] = False
        yield ReadMask(name=one.name, view=one.view, mask=seen)


def test_nothing_to_export_is_said_even_with_an_override(tmp_path: Path) -> None:
    with pytest.raises(GateNotPassed, match="at least one sample"):
        export(mvtec.FORMAT, tmp_path / "out", [], [good()], override="please")
    assert list(tmp_path.iterdir()) == []


def test_what_a_lossless_view_loses_stops_even_with_an_override(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="crack_000000"):
        export(_format(read_back=_read_wrong), tmp_path / "out", [item()], override="please")
    assert list(tmp_path.iterdir()) == []


def test_what_another_view_loses_stops_unless_there_is_a_reason(tmp_path: Path) -> None:
    fmt = _format(read_back=_read_wrong, views={"ground_truth": False})
    with pytest.raises(GateNotPassed, match=r"1 of 1 below; the worst is crack_000000, IoU 0\.9286"):
        export(fmt, tmp_path / "out", [item()])
    assert list(tmp_path.iterdir()) == []
    written = export(fmt, tmp_path / "out", [item()], override="trial | run")
    assert [result.below for result in written.read_back] == [0, 1]
    card = (tmp_path / "out/DATASET_CARD.md").read_text()
    assert "Reason given: trial | run" in card
    assert "- read_back: failed 1 time\n" in card


def test_a_reason_without_need_changes_no_byte(tmp_path: Path) -> None:
    plain = export(mvtec.FORMAT, tmp_path / "a", [item()])
    assert export(mvtec.FORMAT, tmp_path / "b", [item()], override="to be sure") == plain


@pytest.mark.parametrize("lost", ["missing", "twice", "unknown"])
def test_a_reader_must_find_the_very_samples_that_were_written(tmp_path: Path, lost: str) -> None:
    def read(root: Path) -> Iterator[ReadMask]:
        found = list(mvtec.read_back(root))
        changes = {
            "missing": found[1:],
            "twice": [*found, found[0]],
            "unknown": [*found, ReadMask(name="else", view="ground_truth", mask=MASKS["hole"])],
        }
        yield from changes[lost]

    with pytest.raises(IntegrityError, match="every written sample once"):
        export(_format(read_back=read), tmp_path / "out", [item(0), item(1)])


def test_two_samples_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        export(mvtec.FORMAT, tmp_path / "out", [item(0), item(0)])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_half_way_leaves_nothing(tmp_path: Path) -> None:
    def items() -> Iterator[ExportItem]:
        yield from all_shapes()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(NoSpace):
        export(mvtec.FORMAT, tmp_path / "out", items())
    assert list(tmp_path.iterdir()) == []


def test_the_same_again_is_already_there_and_another_is_refused(tmp_path: Path) -> None:
    first = export(mvtec.FORMAT, tmp_path / "out", all_shapes())
    again = export(mvtec.FORMAT, tmp_path / "out", all_shapes())
    assert (first.already_there, again.already_there) == (False, True)
    assert again.tree_sha256 == first.tree_sha256
    with pytest.raises(InputRefused, match="other content"):
        export(mvtec.FORMAT, tmp_path / "out", all_shapes()[1:])
    (tmp_path / "out/DATASET_CARD.md").write_text("edited by hand")
    with pytest.raises(InputRefused, match="edited by hand"):
        export(mvtec.FORMAT, tmp_path / "out", all_shapes())


def test_items_are_taken_one_at_a_time_and_let_go(tmp_path: Path) -> None:
    import gc
    import weakref

    made: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def items() -> Iterator[ExportItem]:
        for number in range(12):
            mask = MASKS["hole"].copy()
            made.append(weakref.ref(mask))
            yield item(number, mask)
            del mask
            gc.collect()
            alive.append(sum(ref() is not None for ref in made))

    export(mvtec.FORMAT, tmp_path / "out", items())
    assert max(alive) <= 2


def test_figures_that_json_cannot_hold_become_null(tmp_path: Path) -> None:
    audit = {
        "passed": np.bool_(True),
        "contrast": float("nan"),
        "inside": np.float32(0.5),
        "box": (1, np.int64(2)),
    }
    export(mvtec.FORMAT, tmp_path / "out", [item(0, audit=audit)])
    line = json.loads((tmp_path / "out/manifest.jsonl").read_text())
    assert line["audit"] == {"passed": True, "contrast": None, "inside": 0.5, "box": [1, 2]}


def test_the_card_gives_large_seeds_exactly(tmp_path: Path) -> None:
    first, last = 2**62 + 1, 2**63 - 1
    export(mvtec.FORMAT, tmp_path / "out", [item(0, seed=last), item(1, seed=first)])
    assert f"Seeds: from {first} to {last};" in (tmp_path / "out/DATASET_CARD.md").read_text()
