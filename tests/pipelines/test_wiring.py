"""Opening a workplace, and one writing job at a time for each part."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_registry.errors import Locked, NotADatabase
from pipelines.errors import NotPermitted
from pipelines.settings import Settings, load_settings
from pipelines.wiring import open_workplace, part_lock

HOLD = """
import sys
from pathlib import Path
from pipelines.settings import load_settings
from pipelines.wiring import part_lock
settings = load_settings({"home": Path(sys.argv[1])}, environ={}).settings
settings.locks_dir.mkdir(parents=True, exist_ok=True)
with part_lock(settings, sys.argv[2], "train"):
    print("held", flush=True)
    sys.stdin.read()
"""


def settings_in(home: Path) -> Settings:
    return load_settings({"home": home}, environ={}).settings


def test_a_workplace_has_folders_a_registry_and_blobs(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "new" / "home")
    with open_workplace(settings) as work:
        with work.registry.write() as rows:
            rows.parts.add("tile", source_root="somewhere")
        sha256 = work.blobs.put(b"bytes")
        assert work.settings is settings
    for folder in (settings.blobs_dir, settings.models_dir, settings.locks_dir, settings.logs_dir):
        assert folder.is_dir()
    with open_workplace(settings) as again, again.registry.read() as rows:
        assert [part.name for part in rows.parts.list()] == ["tile"]
        assert again.blobs.read(sha256) == b"bytes"


@pytest.mark.parametrize("blocked", ["home", "blobs"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, blocked: str) -> None:
    home = tmp_path / "home"
    file = home if blocked == "home" else home / "blobs"
    file.parent.mkdir(exist_ok=True)
    file.write_text("a file stands where the folder should be")
    with pytest.raises(NotPermitted) as caught, open_workplace(settings_in(home)):
        pass
    assert str(file) in caught.value.expected
    assert caught.value.exit_code == 5


def test_a_registry_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_text("no database " * 200)
    with pytest.raises(NotADatabase), open_workplace(settings_in(tmp_path)):
        pass


@pytest.fixture
def held_elsewhere(tmp_path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "tile/α"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str], *, kill: bool) -> None:
    if kill:
        holder.kill()
    holder.communicate()


@pytest.mark.parametrize("kill", [False, True])
def test_a_part_is_held_until_its_job_ends_or_dies(
    tmp_path: Path, held_elsewhere: subprocess.Popen[str], kill: bool
) -> None:
    settings = settings_in(tmp_path)
    try:
        with pytest.raises(Locked) as caught, part_lock(settings, "tile/α", "generate"):
            pass
        assert caught.value.exit_code == 6
        assert f"`train` running as process {held_elsewhere.pid} since 20" in caught.value.found
        with part_lock(settings, "another part", "generate"):
            pass
    finally:
        end(held_elsewhere, kill=kill)
    with part_lock(settings, "tile/α", "generate"):
        holder = next(settings.locks_dir.glob("*.json")).read_text()
        assert str(os.getpid()) in holder
    assert list(settings.locks_dir.glob("*.json")) == []


def test_the_lock_goes_when_the_job_fails(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.locks_dir.mkdir()
    with pytest.raises(ValueError, match="job failed"), part_lock(settings, "tile", "train"):
        raise ValueError("job failed")
    with part_lock(settings, "tile", "train"):
        pass
