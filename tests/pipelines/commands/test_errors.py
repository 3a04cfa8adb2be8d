"""The edge where failures become messages: boxes, JSON, reports of the unexpected."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from data_registry.errors import Locked
from factory_gen.errors import FactoryGenError, NoDevice
from pipelines.commands.errors import report
from pipelines.errors import from_os_error


def words(kind: type[Exception]) -> Exception:
    return kind(expected="a GPU", found="none", action="Use --device cpu.")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (words(NoDevice), 9),
        (words(Locked), 6),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), 8),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), 5),
        (OSError(errno.EROFS, "Read-only file system", "/data/x"), 5),
        (ValueError("a bug"), 1),
        (FileNotFoundError(errno.ENOENT, "No such file", "/data/x"), 1),
        (MemoryError(), 1),
        (KeyboardInterrupt(), 130),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_exit_code_and_stream(
    error: BaseException, code: int, as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(error, as_json=as_json, logs_dir=tmp_path) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    if as_json:
        assert json.loads(shown.err)["exit_code"] == code


def test_a_refusal_says_expected_found_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    report(words(NoDevice), as_json=False, logs_dir=None)
    assert capsys.readouterr().err.splitlines() == [
        "NoDevice (exit code 9)",
        "expected    a GPU",
        "found       none",
        "what to do  Use --device cpu.",
    ]


def failing() -> Exception:
    try:
        raise ValueError("inner detail\nsecond line")
    except ValueError as error:
        return error


def test_the_unexpected_leaves_a_report_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(failing(), as_json=False, logs_dir=tmp_path / "logs") == 1
    (path,) = (tmp_path / "logs").iterdir()
    said = capsys.readouterr().err
    assert str(path) in said
    assert "ValueError: inner detail" in said
    assert "second line" not in said
    assert "Traceback" in path.read_text()
    assert "second line" in path.read_text()


def test_a_report_that_cannot_lie_in_home_lies_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert report(failing(), as_json=False, logs_dir=blocked / "logs") == 1
    (path,) = tmp_path.glob("failure-*.log")
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO, errno.ECONNREFUSED])
def test_other_system_errors_are_not_the_users_to_mend(number: int) -> None:
    assert from_os_error(OSError(number, "x")) is None


def test_a_full_disk_without_a_name_is_still_told() -> None:
    refusal = from_os_error(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(refusal, FactoryGenError)
    assert refusal.expected == "free space on the disk"
