"""Groups from a file, a pattern or the looks; and the one rule above all: no group and no picture on both sides."""

from __future__ import annotations

import hashlib
import tempfile
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_registry.layouts.found import Found
from data_registry.records import SourceImageRecord
from factory_gen.errors import InputRefused, IntegrityError
from pipelines.intake import look_alikes
from pipelines.intake.check import Checked
from pipelines.intake.grouping import Dealt, check_no_leak, deal_out
from pipelines.intake.notebook import Notebook, natural_key, open_notebook
from pipelines.intake.options import IngestOptions
from pipelines.intake.refusals import Refusals
from pipelines.intake.settle import settle_states
from tests.drawn_files import grey

BY_FILE = IngestOptions(look_alikes=False)


@dataclass(frozen=True)
class Shot:
    """One file: `content` stands for its bytes; no `kind` is a good picture, `hint` the layout's folder."""

    path: str
    content: int
    kind: str | None = None
    hint: str | None = None


def sha(content: int) -> str:
    return hashlib.sha256(str(content).encode()).hexdigest()


def checked(shot: Shot) -> Checked:
    return Checked(
        found=Found(
            relative_path=shot.path,
            kind="defect" if shot.kind else "good",
            defect_type=shot.kind,
            hint=shot.hint,
        ),
        sha256=sha(shot.content),
        width=48,
        height=40,
        mode="L",
        bit_depth=8,
        deep=False,
        conversions=(),
        thumb=grey(shot.content, (32, 32)).tobytes(),
        mask_png=None,
        warning=None,
    )


def filled(
    notebook: Notebook, shots: Iterable[Shot], known: Iterable[SourceImageRecord] = (), n: int = 0
) -> Refusals:
    refusals = Refusals(10_000)
    notebook.note_known(known, n)
    for shot in shots:
        notebook.note(checked(shot))
    settle_states(notebook, refusals)
    return refusals


def dealt(
    shots: Iterable[Shot],
    folder: Path,
    options: IngestOptions = BY_FILE,
    known: Iterable[SourceImageRecord] = (),
) -> tuple[dict[str, tuple[str, str]], Dealt, Refusals]:
    """path -> (group, side) of what is new, what was said, what was refused; all of `known` is settled."""
    known = list(known)
    with open_notebook() as notebook:
        refusals = filled(notebook, shots, known, len(known))
        said = deal_out(notebook, folder, "", options, refusals)
        return dict(sides(notebook)), said, refusals


def sides(notebook: Notebook) -> Iterator[tuple[str, tuple[str, str]]]:
    query = (
        "SELECT path, files.group_key, split FROM files JOIN groups ON groups.group_key = files.group_key"
        " WHERE state = 'new'"
    )
    for path, group, side in notebook.rows(query):
        yield path, (group, side)


def record(number: int, shot: Shot, group: str, split: str) -> SourceImageRecord:
    return SourceImageRecord(
        id=number,
        part_id=1,
        relative_path=shot.path,
        sha256=sha(shot.content),
        kind="defect" if shot.kind else "good",
        defect_type=shot.kind,
        width=48,
        height=40,
        mode="L",
        group=group,
        split=split,
        created_at=datetime.now(UTC),
    )


CSV = {
    "paths": "image,group\nok/a1.png,one\nok/a2.png,one\nng/b1.png,two\n",
    "bare names": "file,capture_group,extra\na1.png,one,x\na2.png,one,x\nb1.png,two,x\n",
    "windows": "Image, Group\r\n.\\ok\\a1.png,one\r\nok\\a2.png, one\r\nng\\b1.png,two\r\n",
    "marked utf-8": "\ufeffimage,lot\nok/a1.png,one\nok/a2.png,one\nng/b1.png,two\n",
    "a row for nobody": "image,group\nok/a1.png,one\nok/a2.png,one\nng/b1.png,two\nok/gone.png,x\n",
}


@pytest.mark.parametrize("case", CSV)
def test_a_groups_file_is_read_in_its_usual_forms(tmp_path: Path, case: str) -> None:
    (tmp_path / "groups.csv").write_bytes(CSV[case].encode())
    shots = [Shot("ok/a1.png", 1), Shot("ok/a2.png", 2), Shot("ng/b1.png", 3, "crack"), Shot("ok/c1.png", 4)]
    split, said, _ = dealt(shots, tmp_path)
    assert {path: group for path, (group, _) in split.items()} == {
        "ok/a1.png": "one",
        "ok/a2.png": "one",
        "ng/b1.png": "two",
        "ok/c1.png": "ok/c1.png",
    }
    assert (said.grouping.method, said.grouping.inferred, said.grouping.without) == ("groups file", False, 1)
    assert (said.grouping.groups, said.grouping.largest) == (3, 2)
    assert any("1 pictures are in no group" in text for text in said.warnings)
    assert any("1 rows of groups.csv" in text for text in said.warnings) == (case == "a row for nobody")


def test_the_user_names_the_column_and_a_file_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_text("image,group,tray\na.png,1,x\nb.png,2,x\n", encoding="utf-8")
    options = IngestOptions(groups_file=path, group_column="tray")
    split, _, _ = dealt([Shot("ok/a.png", 1), Shot("ok/b.png", 2)], tmp_path / "set", options)
    assert {group for group, _ in split.values()} == {"x"}


@pytest.mark.parametrize("pattern", ["part([0-9]+)", "(?P<shot>exp)[0-9]_part(?P<group>[0-9]+)"])
def test_a_pattern_names_the_group(tmp_path: Path, pattern: str) -> None:
    names = ["exp1_part7.png", "exp2_part7.png", "exp1_part8.png", "other.png"]
    shots = [Shot(f"part99/{name}", n) for n, name in enumerate(names)]
    split, said, _ = dealt(shots, tmp_path, IngestOptions(group_pattern=pattern))
    assert [split[f"part99/{name}"][0] for name in names] == ["7", "7", "8", "part99/other.png"]
    assert (said.grouping.method, said.grouping.without) == ("pattern", 1)


@pytest.mark.parametrize("pattern", ["exp([0-9]{4})", "ok/([a-z]+)"])
def test_a_pattern_that_fits_no_file_name_is_refused(tmp_path: Path, pattern: str) -> None:
    shots = [Shot(f"ok/exp{n}.png", n) for n in range(3)]
    with pytest.raises(InputRefused, match=r"'exp0\.png' for example.*without its folders"):
        dealt(shots, tmp_path, IngestOptions(group_pattern=pattern))


def test_look_alikes_are_joined_under_the_first_name_and_reported(tmp_path: Path) -> None:
    shots = [Shot(f"ok/{n}.png", n) for n in range(30)]
    with open_notebook() as notebook:
        refusals = filled(notebook, shots)
        notebook.change("UPDATE thumbs SET pixels = (SELECT pixels FROM thumbs WHERE path = 'ok/9.png')"
                        " WHERE path = 'ok/10.png'")  # fmt: skip
        said = deal_out(notebook, tmp_path, "", IngestOptions(), refusals)
        groups = {path: group for path, (group, _) in sides(notebook)}
    assert groups["ok/10.png"] == groups["ok/9.png"] == "ok/9.png"
    assert len(set(groups.values())) == 29
    assert (said.grouping.method, said.grouping.inferred, said.grouping.largest) == ("look-alikes", True, 2)
    assert any("guessed" in text for text in said.warnings)


def test_look_alikes_across_the_users_groups_are_reported_and_left(tmp_path: Path) -> None:
    shots = [Shot(f"ok/{n}.png", n) for n in range(30)]
    with open_notebook() as notebook:
        refusals = filled(notebook, shots)
        notebook.change("UPDATE thumbs SET pixels = (SELECT pixels FROM thumbs WHERE path = 'ok/0.png')"
                        " WHERE path = 'ok/29.png'")  # fmt: skip
        said = deal_out(notebook, tmp_path, "", BY_FILE, refusals)
    assert any("1 pairs of pictures on different sides" in text for text in said.warnings)
    assert any("ok/0.png and ok/29.png" in text for text in said.warnings)


def test_good_pictures_follow_their_defect_group_then_their_folder(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text(
        "image,group\n1.png,a\n2.png,a\n3.png,b\n4.png,b\n5.png,c\n6.png,c\n7.png,d\n8.png,e\n"
    )
    shots = [
        Shot("test/crack/1.png", 1, "crack", "test"),
        Shot("test/good/2.png", 2, None, "test"),
        Shot("test/crack/3.png", 3, "crack", "test"),
        Shot("train/good/4.png", 4, None, "train"),
        Shot("test/crack/5.png", 5, "crack", "test"),
        Shot("test/good/6.png", 6, None, "test"),
        Shot("train/good/7.png", 7, None, "train"),
        Shot("test/good/8.png", 8, None, "test"),
    ]
    split, _, _ = dealt(shots, tmp_path)
    assert {path[-5]: side for path, (_, side) in split.items()} == {
        "1": "generator", "2": "generator", "3": "holdout", "4": "holdout",
        "5": "holdout", "6": "holdout", "7": "generator", "8": "holdout",
    }  # fmt: skip


@pytest.mark.parametrize("share, wanted", [(2 / 3, 4), (0.5, 3), (1.0, 6), (0.01, 1)])
def test_without_folders_the_first_share_of_the_good_groups_trains(
    tmp_path: Path, share: float, wanted: int
) -> None:
    shots = [Shot(f"ok/{n}.png", n) for n in range(6, 12)]
    split, _, _ = dealt(shots, tmp_path, IngestOptions(look_alikes=False, good_share=share))
    trains = [int(path[3:-4]) for path, (_, side) in split.items() if side == "generator"]
    assert sorted(trains) == list(range(6, 6 + wanted))


def test_the_same_bytes_under_two_types_join_their_groups(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("image,group\nng/a/1.png,x\nng/b/1.png,y\nng/b/2.png,y\n")
    shots = [Shot("ng/a/1.png", 1, "a"), Shot("ng/b/1.png", 1, "b"), Shot("ng/b/2.png", 2, "b")]
    split, _, _ = dealt(shots, tmp_path)
    assert {group for group, _ in split.values()} == {"x"}


def test_a_new_picture_that_ties_both_sides_together_is_refused(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("image,group\nok/1.png,x\nok/2.png,x\nok/3.png,x\n")
    known = [
        record(1, Shot("ok/1.png", 1), "one", "generator"),
        record(2, Shot("ok/2.png", 2), "two", "holdout"),
    ]
    shots = [Shot("ok/1.png", 1), Shot("ok/2.png", 2), Shot("ok/3.png", 3), Shot("ok/4.png", 4)]
    split, _, refusals = dealt(shots, tmp_path, known=known)
    assert set(split) == {"ok/4.png"}
    assert [(one.path, one.reason) for one in refusals.listed] == [("ok/3.png", "across-splits")]


def test_a_leak_stops_the_ingest(tmp_path: Path) -> None:
    with open_notebook() as notebook:
        refusals = filled(notebook, [Shot("ok/1.png", 1), Shot("ok/2.png", 2)])
        deal_out(notebook, tmp_path, "", BY_FILE, refusals)
        check_no_leak(notebook)
        notebook.note_known([record(1, Shot("ok/0.png", 9), "ok/1.png", "holdout")], 1)
        with pytest.raises(IntegrityError) as caught:
            check_no_leak(notebook)
    assert "ok/1.png" in caught.value.found


def trained(known: Iterable[SourceImageRecord]) -> set[str | None]:
    """Defect types, and None for good pictures, of which the generator sees something."""
    good = {one.defect_type for one in known if one.kind == "good"}  # these may all lie in held-out groups
    return good | {one.defect_type for one in known if one.split == "generator"}


SHOTS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from([None, "crack", "pit", "dent"]),
        st.sampled_from(["train", "test", None]),
        st.integers(0, 7),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(SHOTS, SHOTS, st.booleans(), st.floats(0.05, 1.0))
def test_no_group_and_no_picture_is_ever_on_both_sides(
    first: list[tuple[int, str | None, str | None, int]],
    more: list[tuple[int, str | None, str | None, int]],
    with_file: bool,
    share: float,
) -> None:
    """Two ingests of any files in any groups, with repeated bytes: all members, old and new, keep to one side."""
    options = IngestOptions(look_alikes=False, generator_share=share)
    known: list[SourceImageRecord] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for at, drawn in enumerate((first, more)):
            shots = [Shot(f"{at}/{n}.png", one[0], one[1], one[2]) for n, one in enumerate(drawn)]
            if with_file:
                lines = [f"{shot.path},g{one[3]}" for shot, one in zip(shots, drawn, strict=True)]
                (folder / "groups.csv").write_text("\n".join(["image,group", *lines]))
            split, said, _ = dealt(shots, folder, options, known)
            by_path = {shot.path: shot for shot in shots}
            known += [
                record(len(known) + n + 1, by_path[path], *split[path])
                for n, path in enumerate(sorted(split))
            ]
            assert said.grouping.groups == len({one.group for one in known})
            if at == 0:  # later, all groups of a type may be held out already
                assert trained(known) == {one.defect_type for one in known}
    for key in ("group", "sha256"):
        seen: dict[str, str] = {}
        for one in known:
            assert seen.setdefault(getattr(one, key), one.split) == one.split


@pytest.mark.parametrize("names", [["a10", "a2"], ["10.png", "2.png"], ["x1", "x01"], ["b", "a1", "a"]])
def test_names_sort_as_people_sort_them(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == names[::-1]


def test_memory_does_not_grow_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_alikes, "_PAIR_BUDGET", 1000)  # as for a folder far larger than these
    thumb = grey(0, (32, 32)).tobytes()

    def peak(count: int) -> int:
        one = checked(Shot("ok/0.png", 0))
        with open_notebook() as notebook:
            tracemalloc.start()
            for n in range(count):
                found = Found(relative_path=f"ok/{n}.png", kind="good")
                notebook.note(
                    Checked(
                        **{name: getattr(one, name) for name in one.__slots__}
                        | {"found": found, "sha256": sha(n), "thumb": thumb}
                    )
                )
            refusals = Refusals(10)
            settle_states(notebook, refusals)
            deal_out(notebook, tmp_path, "", IngestOptions(group_pattern="([0-9]+)"), refusals)
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return used

    peak(50)
    assert peak(4000) < 1.3 * peak(1000)
