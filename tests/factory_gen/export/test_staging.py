"""Folders that appear all at once or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory_gen.errors import InputRefused, NoSpace, UsageError
from factory_gen.export.staging import publish, staged
from factory_gen.export.tree import Stream, Tree, hash_folder, tree_sha256


def _export(target: Path, text: bytes = b"x") -> bool:
    with staged(target) as tree:
        tree.put("manifest.jsonl", text)
        tree.put("deep/er/file.txt", b"same")
        return publish(tree, target)


def test_files_and_hashes(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.put("a/b.txt", b"hello") == hashlib.sha256(b"hello").hexdigest()
    with tree.stream("c.txt") as out:
        out.write(b"hel")
        out.write(b"lo")
    assert (
        tree.files
        == hash_folder(tmp_path)
        == dict.fromkeys(("a/b.txt", "c.txt"), hashlib.sha256(b"hello").hexdigest())
    )


def test_one_hash_for_a_folder_does_not_depend_on_order_but_on_names_and_bytes() -> None:
    hashes = {tree_sha256(files) for files in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})}
    hashes |= {tree_sha256({"a": "2", "b": "1"}), tree_sha256({"a": "1", "c": "2"}), tree_sha256({"a": "1"})}
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("first", "second"), [("a.png", "a.png"), ("a.png", "A.PNG"), ("\u00e9.png", "e\u0301.png")]
)
def test_names_that_collide_on_any_file_system_are_refused(tmp_path: Path, first: str, second: str) -> None:
    tree = Tree(tmp_path)
    tree.put(first, b"1")
    with pytest.raises(UsageError, match="twice"):
        tree.put(second, b"2")


def test_a_folder_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new/parent/out"
    with staged(target) as tree:
        tree.put("manifest.jsonl", b"x")
        assert not target.exists()
        publish(tree, target)
    assert hash_folder(tmp_path).keys() == {"new/parent/out/manifest.jsonl"}
    assert [path.name for path in target.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_what_fails_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), staged(tmp_path / "new/parent/out") as tree:
        tree.put("a.txt", b"1")
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_plainly_and_leaves_nothing(tmp_path: Path, number: int) -> None:
    with pytest.raises(NoSpace, match="full disk"), staged(tmp_path / "out") as tree:
        tree.put("a.txt", b"1")
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_the_operating_system_refusing_bytes_reaches_the_user_as_no_space(tmp_path: Path) -> None:
    # The kernel itself answers "no space" to every write to this device.
    with pytest.raises(NoSpace), staged(tmp_path / "out"), open("/dev/full", "wb", buffering=0) as full:
        Stream(full).write(b"1")
    assert list(tmp_path.iterdir()) == []


def test_the_same_export_again_changes_nothing(tmp_path: Path) -> None:
    assert _export(tmp_path / "out") is True
    before = (tmp_path / "out").stat().st_ino
    assert _export(tmp_path / "out") is False
    assert (tmp_path / "out").stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_export_is_never_replaced(tmp_path: Path) -> None:
    _export(tmp_path / "out")
    with pytest.raises(InputRefused, match="other content"):
        _export(tmp_path / "out", b"y")
    assert (tmp_path / "out/manifest.jsonl").read_bytes() == b"x"


@pytest.mark.parametrize("what", ["file", "link", "folder"])
def test_a_target_that_is_something_else_is_refused_before_any_work(tmp_path: Path, what: str) -> None:
    target, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    if what == "file":
        target.write_text("mine")
    elif what == "link":
        target.symlink_to(other)
    else:
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    with pytest.raises(InputRefused, match="not to exist yet"), staged(target):
        pytest.fail("the work has begun")


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert _export(tmp_path / "out") is True


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputRefused, match="--out"):
        _export(tmp_path / "file/out")


@pytest.fixture
def without_rights() -> Iterator[Path]:
    """A folder that may not be written; a test that runs as root steps down to nobody meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        if is_root := os.geteuid() == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if is_root:
                os.seteuid(0)
            os.chmod(folder, 0o755)


def test_a_folder_without_rights_is_named(without_rights: Path) -> None:
    with pytest.raises(PermissionError) as caught:
        _export(without_rights / "new/out")
    assert str(without_rights) in str(caught.value.filename)


_KILLED = """
import sys, time
from pathlib import Path
from factory_gen.export.staging import staged
with staged(Path(sys.argv[1])) as tree:
    tree.put("half.txt", b"1")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_killed_export_is_swept_away_by_the_next_and_a_living_one_is_not(tmp_path: Path) -> None:
    target = tmp_path / "[out]"
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(target)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        _export(target)
        assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(signal.SIGKILL)
    for _ in range(50):
        _export(target)
        if len(list(tmp_path.iterdir())) == 1:
            break
        time.sleep(0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["[out]"]
