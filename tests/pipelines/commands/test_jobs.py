"""Commands with their real jobs behind them: registry, verify, bench, locks, interruption."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_registry.records import NewImage
from pipelines.cli import main
from pipelines.commands.session import open_session, writing
from pipelines.settings import load_settings
from pipelines.wiring import open_workplace, part_lock


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A registry with two parts and nothing in them."""
    place = tmp_path / "home"
    with (
        open_workplace(load_settings({"home": place}, environ={}).settings) as work,
        work.registry.write() as rows,
    ):
        for name in ("tile", "board"):
            rows.parts.add(name, source_root="none")
    return place


def picture(sha256: str) -> NewImage:
    return NewImage(
        relative_path="ok/a.png",
        sha256=sha256,
        kind="good",
        width=64,
        height=64,
        mode="L",
        group="a",
        split="generator",
    )


def call(line: str, home: Path) -> int:
    return main([*shlex.split(line), "--home", str(home)])


def test_status_of_an_empty_registry_tells_the_first_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("status", tmp_path / "new") == 0
    assert "factory-gen ingest FOLDER --part NAME" in capsys.readouterr().out


def test_status_lists_the_parts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("status --json", home) == 0
    shown = capsys.readouterr()
    assert {line["part"] for line in json.loads(shown.out)["parts"]} == {"tile", "board"}
    assert shown.err == ""


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("status --part tiel", 3, "tile"),
        ("train --part tiel", 3, "tile"),
        ("train", 2, "2 parts: board, tile"),
        ("generate --count 4", 2, "--part NAME"),
        ("ingest ./nowhere --part tile", 3, "nowhere"),
        ("ingest . --part tile --generator-share 2", 2, "generator_share"),
        ("ingest . --part tile --group-pattern '('", 2, "regular expression"),
        ("ingest . --part tile --layout mvtce", 3, "mvtec"),
        ("train --part tile --recipe tinny", 3, "tiny"),
        ("train --part tile --from 7", 3, "7"),
        ("generate --part tile --defect crack", 3, "factory-gen train"),
        ("export --part tile --format voc --out ./x", 2, "mvtec"),
        ("export --part tile --out ./x", 4, "factory-gen generate"),
    ],
)
def test_a_job_that_cannot_start_says_why(
    line: str,
    code: int,
    said: str,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert call(line, home) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert (shown.out, "Traceback" in shown.err) == ("", False)
    assert list((home / "logs").iterdir()) == []
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_part_that_another_job_holds_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with part_lock(load_settings({"home": home}, environ={}).settings, "tile", "train"):
        assert call("ingest . --part tile --json", home) == 6
    facts = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert f"process {os.getpid()}" in facts["found"]


def test_a_launched_second_process_neither_locks_nor_speaks(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    settings = load_settings({"home": home}, environ={}).settings
    with (
        part_lock(settings, "tile", "train"),
        open_session({"home": home}, quiet=False) as session,
        writing(session, "tile", "train"),
    ):
        session.progress.say("not to be seen")
    assert call("status", home) == 0
    assert capsys.readouterr() == ("", "")


def test_verify_ends_with_7_when_bytes_are_damaged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_workplace(load_settings({"home": home}, environ={}).settings) as work:
        sha256 = work.blobs.put(b"a picture")
        place = work.blobs.path(sha256)
        with work.registry.write() as rows:
            rows.images.add_many(rows.parts.get("tile").id, [picture(sha256)])
    assert call("verify --quiet", home) == 0
    place.chmod(0o644)
    place.write_bytes(b"a pictura")
    capsys.readouterr()
    assert call("verify --quiet --json", home) == 7
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert sha256 in json.dumps(report["problems"])


def test_bench_writes_figures_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # a busy machine may miss a target, which is exit code 4
    assert main(["bench", "registry", "--rows", "300", "--json"]) in (0, 4)
    report = json.loads(capsys.readouterr().out)
    assert report["rows"] == 300
    assert any(figure["name"].startswith("page of 60") for figure in report["figures"])
    assert list(tmp_path.iterdir()) == []


def test_interruption_ends_with_130_and_a_word(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "pipelines.cli", "bench", "registry", "--rows", "10000000"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    running = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
    until = time.monotonic() + 180
    while not list(tmp_path.glob("factory-gen-bench-*/*")) and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=180)
    assert (running.returncode, out) == (130, "")
    assert said.splitlines()[-1].startswith("Interrupted.")
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
