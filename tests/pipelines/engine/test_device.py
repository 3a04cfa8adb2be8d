"""Devices and their locks."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.engine import device
from pipelines.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings({"home": tmp_path}, environ={}).settings
    made.locks_dir.mkdir()
    return made


def test_gpus_are_counted_by_their_nodes(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "tty0"):
        (tmp_path / name).touch()
    assert device.count_gpus(tmp_path) == 2


@pytest.mark.parametrize(
    ("wanted", "gpus", "names"),
    [("auto", 0, ("cpu",)), ("auto", 2, ("gpu0", "gpu1", "cpu")), ("cpu", 2, ("cpu",))],
)
def test_one_worker_for_each_device(
    settings: Settings, wanted: str, gpus: int, names: tuple[str, ...]
) -> None:
    assert device.devices_of(replace(settings, device=wanted), gpus) == names  # type: ignore[arg-type]


def test_the_second_job_waits_and_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "LOOK_AGAIN_S", 0.02)
    waited = threading.Event()
    order = []

    def second() -> None:
        with device.device_lock(settings, "gpu0", waiting=waited.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with device.device_lock(settings, "gpu0", waiting=lambda: None):
        thread.start()
        assert waited.wait(20)
        assert not device.is_free(settings, "gpu0")
        assert device.is_free(settings, "gpu1")
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    assert device.is_free(settings, "gpu0")


def test_a_killed_job_leaves_its_device_free(settings: Settings) -> None:
    code = (
        "import sys, time; from pathlib import Path; from filelock import FileLock\n"
        "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); time.sleep(600)"
    )
    path = settings.locks_dir / "device-cpu.lock"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "held\n"
        assert not device.is_free(settings, "cpu")
        job.kill()
    assert device.is_free(settings, "cpu")
