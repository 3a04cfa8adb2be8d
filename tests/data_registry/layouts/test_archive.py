"""Zips: usual ones are unpacked and gone afterwards, hostile ones are refused as a whole before anything is written."""

from __future__ import annotations

import io
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data_registry.errors import NoSpace
from data_registry.layouts import archive, zip_check
from data_registry.layouts.archive import open_source
from data_registry.layouts.found import LayoutRefused
from tests.drawn_files import grey, png

PICTURE = png(grey())


def packed(files: dict[str, bytes], path: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def test_a_folder_is_opened_as_it_is(tmp_path: Path) -> None:
    with open_source(tmp_path) as source:
        assert (source.root, source.archive) == (tmp_path, False)
    assert tmp_path.exists()


def test_a_zip_is_unpacked_for_the_time_of_the_block(tmp_path: Path) -> None:
    files = {"set/ok/1.png": PICTURE, "__MACOSX/set/ok/._1.png": b"x", "set/Thumbs.db": b"x"}
    with open_source(packed(files, tmp_path / "a.zip"), scratch=tmp_path) as source:
        assert source.archive
        assert source.system_files == 2
        assert [p.relative_to(source.root).as_posix() for p in source.root.rglob("*.png")] == ["set/ok/1.png"]
        assert (source.root / "set/ok/1.png").read_bytes() == PICTURE
        root = source.root
    assert not root.exists()


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_names_without_the_utf8_flag_are_read_and_previewed(tmp_path: Path, encoding: str) -> None:
    path = packed({"ok/XXXXXX.png": PICTURE}, tmp_path / "a.zip")
    name = "傷傷".encode(encoding)
    raw = path.read_bytes().replace(b"XXXXXX", name + b"_" * (6 - len(name)))
    path.write_bytes(raw)
    with open_source(path, scratch=tmp_path) as source:
        (found,) = source.root.rglob("*.png")
        assert found.name.startswith("傷傷")
        assert encoding in source.notes[0] and "傷傷" in source.notes[0]


def with_mode(mode: int) -> Callable[[Path], Path]:
    def build(path: Path) -> Path:
        info = zipfile.ZipInfo("ok/link.png")
        info.external_attr = mode << 16
        with zipfile.ZipFile(path, "w") as target:
            target.writestr(info, b"/etc/passwd")
        return path

    return build


def with_flag(path: Path) -> Path:
    """The encryption flag in both headers."""
    data = bytearray(packed({"ok/1.png": PICTURE}, path).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    return path


def overlapping(path: Path) -> Path:
    """Two names for one local entry."""
    data = bytearray(packed({"ok/1.png": PICTURE, "ok/2.png": PICTURE}, path).read_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    struct.pack_into("<I", data, second + 42, 0)
    path.write_bytes(data)
    return path


def wrong_checksum(path: Path) -> Path:
    data = bytearray(packed({"ok/1.png": PICTURE}, path, zipfile.ZIP_STORED).read_bytes())
    data[60] ^= 255
    path.write_bytes(data)
    return path


def cut(path: Path) -> Path:
    data = packed({"ok/1.png": PICTURE}, path).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def larger_than_promised(path: Path) -> Path:
    """A small size in the table of contents over a larger stream."""
    data = bytearray(packed({"ok/1.png": PICTURE * 9}, path).read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\1\2") + 24, 10)
    struct.pack_into("<I", data, 22, 10)
    path.write_bytes(data)
    return path


def too_many(path: Path) -> Path:
    return packed({f"{n}": b"" for n in range(12)}, path)


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "parent": (lambda path: packed({"../evil.png": PICTURE}, path), "zip-unsafe-name"),
    "parent inside": (lambda path: packed({"ok/../../evil.png": PICTURE}, path), "zip-unsafe-name"),
    "absolute": (lambda path: packed({"/etc/evil.png": PICTURE}, path), "zip-unsafe-name"),
    "drive": (lambda path: packed({"C:evil.png": PICTURE}, path), "zip-unsafe-name"),
    "backslash": (lambda path: packed({"ok\\evil.png": PICTURE}, path), "zip-unsafe-name"),
    "network": (lambda path: packed({"\\\\host\\evil.png": PICTURE}, path), "zip-unsafe-name"),
    "newline": (lambda path: packed({"ok/a\nb.png": PICTURE}, path), "zip-unsafe-name"),
    "reading direction": (lambda path: packed({"ok/a\u202egnp.exe": PICTURE}, path), "zip-unsafe-name"),
    "long name": (lambda path: packed({"ok/" + "a" * 300: PICTURE}, path), "zip-unsafe-name"),
    "deep": (lambda path: packed({"a/" * 300 + "1.png": PICTURE}, path), "zip-unsafe-name"),
    "symlink": (with_mode(stat.S_IFLNK | 0o777), "zip-link"),
    "device": (with_mode(stat.S_IFCHR | 0o600), "zip-link"),
    "encrypted": (with_flag, "zip-encrypted"),
    "nested": (lambda path: packed({"ok/inner.zip": b"PK"}, path), "zip-nested"),
    "bomb": (lambda path: packed({"ok/1.bmp": bytes(20_000_000)}, path), "zip-bomb"),
    "case": (lambda path: packed({"ok/A.png": PICTURE, "ok/a.png": PICTURE}, path), "zip-name-twice"),
    "accent": (
        lambda path: packed({"ok/e\u0301.png": PICTURE, "ok/\u00e9.png": PICTURE}, path),
        "zip-name-twice",
    ),
    "overlap": (overlapping, "zip-overlap"),
    "checksum": (wrong_checksum, "zip-damaged"),
    "lies about a size": (larger_than_promised, "zip-damaged"),
    "cut": (cut, "zip-truncated"),
    "too many": (too_many, "zip-entries"),
    "too large": (
        lambda path: packed({"ok/1.bmp": bytes(3_000_000)}, path, zipfile.ZIP_STORED),
        "zip-too-large",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_zip_is_refused_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    if case == "too many":
        monkeypatch.setattr(zip_check, "MAX_ENTRIES", 10)
    if case == "too large":
        monkeypatch.setattr(zip_check, "MAX_BYTES", 2_000_000)
    build, reason = HOSTILE[case]
    path = build(tmp_path / "a.zip")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(LayoutRefused) as caught, open_source(path, scratch=scratch):
        pytest.fail("opened")
    assert caught.value.reason == reason
    assert caught.value.exit_code == 3
    assert caught.value.found and caught.value.action
    assert list(scratch.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "scratch"]


def test_a_table_of_contents_that_would_fill_the_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_check, "_DIRECTORY_BYTES", 100)
    with pytest.raises(LayoutRefused) as caught, open_source(too_many(tmp_path / "a.zip")):
        pytest.fail("opened")
    assert caught.value.reason == "zip-entries"


@pytest.mark.parametrize(
    "name, data, reason",
    [
        ("gone.zip", None, "no-source"),
        ("a.zip", b"this is text", "zip-truncated"),
        ("a.tar", b"x" * 600, "not-a-folder"),
        ("a.png", PICTURE, "not-a-folder"),
    ],
)
def test_what_is_neither_folder_nor_zip_is_refused(
    tmp_path: Path, name: str, data: bytes | None, reason: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(LayoutRefused) as caught, open_source(tmp_path / name):
        pytest.fail("opened")
    assert caught.value.reason == reason


def test_a_full_disk_is_noticed_before_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed({"ok/1.png": PICTURE}, tmp_path / "a.zip")
    full = type("Usage", (), {"free": 10})()
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda place: full)
    with pytest.raises(NoSpace), open_source(path, scratch=tmp_path):
        pytest.fail("opened")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


def test_a_zip_is_unpacked_into_the_systems_folder_by_default(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        target.writestr("ok/1.png", PICTURE)
    (tmp_path / "a.zip").write_bytes(data.getvalue())
    with open_source(tmp_path / "a.zip") as source:
        assert source.root.is_relative_to(tempfile.gettempdir())
