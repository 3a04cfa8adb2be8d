from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_registry.errors import BadRecord, Integrity, NoSpace, NotWritable, RegistryError
from data_registry.storage import BlobStore


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def _files(blobs: BlobStore) -> list[Path]:
    return sorted(path for path in blobs.root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "data", [b"", b"a picture", bytes(range(256)) * 5000], ids=["empty", "short", "long"]
)
@pytest.mark.parametrize("way", ["bytes", "file"])
def test_bytes_come_back(blobs: BlobStore, tmp_path: Path, data: bytes, way: str) -> None:
    if way == "bytes":
        name = blobs.put(data)
    else:
        (tmp_path / "in.png").write_bytes(data)
        name = blobs.put_file(tmp_path / "in.png")
    assert name == hashlib.sha256(data).hexdigest()
    assert blobs.read(name) == data
    assert blobs.hash_of(name) == name
    assert blobs.exists(name)
    assert blobs.path(name) == blobs.root / name[:2] / name[2:]
    assert _files(blobs) == [blobs.path(name)]


def test_a_blob_is_written_once_and_for_good(blobs: BlobStore) -> None:
    name = blobs.put(b"a picture")
    before = blobs.path(name).stat()
    assert blobs.put(b"a picture") == name
    after = blobs.path(name).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert stat.S_IMODE(after.st_mode) == 0o444


def test_bytes_are_on_the_disk_before_their_name_is(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut may leave is decided by this order."""
    done: list[str] = []

    def noted(name: str, what: Callable[..., str]) -> None:
        call = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given: (done.append(what(*given)), call(*given))[1])

    noted("write", lambda *_: "write")
    noted("replace", lambda _, target: f"name {Path(target).relative_to(blobs.root).parent}")
    noted("fsync", lambda number: f"flush {stat.S_IFMT(os.fstat(number).st_mode) == stat.S_IFDIR}")
    name = blobs.put(b"a picture")
    # the new folder's own name, then the bytes' name, each flushed
    assert done == ["write", "flush False", "flush True", f"name {name[:2]}", "flush True"]


def test_the_input_is_not_touched(blobs: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(b"a picture")
    before = source.stat()
    blobs.put_file(source)
    after = source.stat()
    assert (before.st_mtime_ns, before.st_mode, before.st_size) == (
        after.st_mtime_ns,
        after.st_mode,
        after.st_size,
    )


def test_names_come_in_order_without_what_is_unfinished(blobs: BlobStore) -> None:
    names = [blobs.put(str(number).encode()) for number in range(300)]
    left = blobs.root / ".incoming-left"
    left.write_bytes(b"half")
    assert list(blobs.iter_hashes()) == sorted(names)
    assert list(blobs.iter_unfinished()) == [left]


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    _overwrite(path, bytes(data))


def _overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_flip, "hash"),
        (lambda path: _overwrite(path, b"a pic"), "hash"),
        (Path.unlink, "no such blob"),
    ],
    ids=["one bit", "truncated", "deleted"],
)
def test_harm_is_found_when_a_blob_is_read(
    blobs: BlobStore, harm: Callable[[Path], None], found: str
) -> None:
    name = blobs.put(b"a picture")
    harm(blobs.path(name))
    with pytest.raises(Integrity) as refusal:
        blobs.read(name)
    assert found in refusal.value.found


def test_a_truncated_blob_heals_when_it_is_stored_again(blobs: BlobStore) -> None:
    name = blobs.put(b"a picture")
    _overwrite(blobs.path(name), b"a pic")
    blobs.put(b"a picture")
    assert blobs.read(name) == b"a picture"


def test_hashing_a_blob_says_what_it_hashes_to_now(blobs: BlobStore) -> None:
    name = blobs.put(b"a picture")
    _overwrite(blobs.path(name), b"b picture")
    assert blobs.hash_of(name) == hashlib.sha256(b"b picture").hexdigest()
    blobs.path(name).unlink()
    with pytest.raises(Integrity):
        blobs.hash_of(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "/" + "0" * 63])
def test_only_hashes_are_names(blobs: BlobStore, name: str) -> None:
    for call in (blobs.path, blobs.read, blobs.exists, blobs.hash_of):
        with pytest.raises(BadRecord):
            call(name)


@pytest.mark.parametrize(
    ("number", "error", "exit_code"),
    [
        (errno.ENOSPC, NoSpace, 8),
        (errno.EDQUOT, NoSpace, 8),
        (errno.EACCES, NotWritable, 5),
        (errno.EROFS, NotWritable, 5),
        (errno.EIO, Integrity, 7),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize("way", ["bytes", "file"])
def test_a_failing_disk_leaves_nothing_behind(
    blobs: BlobStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: type[RegistryError],
    exit_code: int,
    call: str,
    way: str,
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    source = tmp_path / "in.png"
    source.write_bytes(b"a picture")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(error) as refusal:
            blobs.put(b"a picture") if way == "bytes" else blobs.put_file(source)
    assert refusal.value.exit_code == exit_code
    assert _files(blobs) == []
    assert blobs.read(blobs.put(b"a picture")) == b"a picture"


def test_a_disk_that_takes_a_little_at_a_time_gets_all(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:3]))
    assert blobs.read(blobs.put(b"a longer picture")) == b"a longer picture"


def test_a_store_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotWritable):
        BlobStore(tmp_path / "file" / "blobs")
    with pytest.raises(NotWritable):
        BlobStore(tmp_path / "file")


def test_a_file_that_cannot_be_read_is_no_fault_of_the_store(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.put_file(tmp_path / "nowhere.png")
    # A process's own memory at address 0 opens, but its first byte cannot be read.
    with pytest.raises(BadRecord, match="readable"):
        blobs.put_file(Path("/proc/self/mem"))
    assert _files(blobs) == []
