"""Any exception becomes a refusal with a next step; what nobody foresaw leaves a report."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from data_registry.errors import NotFound
from factory_gen.errors import UsageError
from pipelines.failures import clear_refusal

KNOWN = [
    UsageError(expected="a", found="b", action="c"),
    NotFound(expected="a", found="b", action="c"),
]


@pytest.mark.parametrize("error", KNOWN, ids=lambda error: type(error).__name__)
def test_a_refusal_stays_itself(error: Exception) -> None:
    assert clear_refusal(error, logs_dir=None) is error


@pytest.mark.parametrize(("number", "exit_code"), [(errno.ENOSPC, 8), (errno.EACCES, 5)])
def test_the_operating_system_is_understood(number: int, exit_code: int, tmp_path: Path) -> None:
    assert clear_refusal(OSError(number, "x", "f"), logs_dir=tmp_path).exit_code == exit_code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might ...", "nvidia-smi"),
        ("CUDA driver initialization failed, you might not have a CUDA gpu.", "restart the machine"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB.", "lower the recipe's batch"),
    ],
)
def test_a_gpu_that_is_gone_or_full_is_told(text: str, word: str, tmp_path: Path) -> None:
    refusal = clear_refusal(RuntimeError(text), logs_dir=tmp_path)
    assert refusal.exit_code == 9
    assert refusal.found == text.splitlines()[0]
    assert word in refusal.action
    assert list(tmp_path.iterdir()) == []


def test_the_unforeseen_leaves_a_report(tmp_path: Path) -> None:
    try:
        _ = {}["wheel"]
    except KeyError as error:
        refusal = clear_refusal(error, logs_dir=tmp_path / "logs")
    (written,) = (tmp_path / "logs").iterdir()
    assert refusal.exit_code == 1
    assert "KeyError: 'wheel'" in refusal.found
    assert str(written) in refusal.action
    assert "Traceback" in written.read_text()


def test_a_folder_that_cannot_be_written_is_no_second_failure(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    assert clear_refusal(ValueError(), logs_dir=tmp_path / "logs").found == "ValueError"
