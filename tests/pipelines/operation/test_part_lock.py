"""One writing job at a time for each part, on boxes that share a registry: two homes, one PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_registry.errors import Locked
from data_registry.session import open_registry
from pipelines import lease_holder
from pipelines.settings import Settings, load_settings
from pipelines.wiring import part_lock
from tests.data_registry import postgres

HOLD = """
import sys
from pathlib import Path
from pipelines.settings import load_settings
from pipelines.wiring import part_lock
settings = load_settings({"home": Path(sys.argv[1]), "registry_url": sys.argv[2]}, environ={}).settings
settings.locks_dir.mkdir(parents=True, exist_ok=True)
with part_lock(settings, "tile", "train"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[str]:
    """The URL of a registry that two boxes share."""
    if why := postgres.left_out():
        pytest.skip(why)
    with postgres.server() as server, postgres.fresh_database(server) as url:
        yield url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def boxes(shared: str, tmp_path: Path) -> tuple[Settings, Settings]:
    found = [
        load_settings({"home": tmp_path / name, "registry_url": shared}, environ={}).settings
        for name in ("one", "two")
    ]
    for settings in found:
        settings.locks_dir.mkdir(parents=True)
    return found[0], found[1]


def hold_on(settings: Settings) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", HOLD, str(settings.home), settings.registry_url]
    holder = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.parametrize("kill", [False, True], ids=["ends", "is killed"])
def test_a_part_that_one_box_holds_is_refused_on_the_other(
    boxes: tuple[Settings, Settings], kill: bool
) -> None:
    holder = hold_on(boxes[0])
    try:
        with (
            pytest.raises(Locked, match=f"another box, .*:{holder.pid}:"),
            part_lock(boxes[1], "tile", "train"),
        ):
            pass
        with part_lock(boxes[1], "ring", "train"):
            pass
    finally:
        if kill:
            holder.kill()
        holder.communicate()
    with part_lock(boxes[1], "tile", "train"):
        pass


def test_a_job_that_waits_is_told_once_who_holds_the_part_and_gets_it_then(
    boxes: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.wiring.LOOK_AGAIN_S", 0.05)
    holder = hold_on(boxes[0])
    told: list[str] = []
    threading.Timer(0.5, holder.communicate).start()
    with part_lock(boxes[1], "tile", "train", waiting=told.append):
        assert holder.poll() is not None or holder.wait(timeout=5) == 0
    assert len(told) == 1
    assert f":{holder.pid}:" in told[0]


def test_a_box_that_is_gone_loses_its_part_after_five_minutes_and_not_before(
    boxes: tuple[Settings, Settings],
) -> None:
    with open_registry(boxes[0].registry_url) as registry:
        with registry.write() as rows:
            rows.leases.take("part/tile", holder="elsewhere:1:1", seconds=1)
        with pytest.raises(Locked, match="elsewhere"), part_lock(boxes[1], "tile", "train"):
            pass
        time.sleep(1.1)
        with part_lock(boxes[1], "tile", "train"):
            pass
        with registry.read() as rows:
            assert rows.leases.of("part/tile") is None
    assert lease_holder.SECONDS == 300


def test_a_job_whose_part_has_gone_to_another_box_is_interrupted(
    boxes: tuple[Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_holder, "RENEW_EVERY", 0.1)
    with open_registry(boxes[0].registry_url) as registry:
        with pytest.raises(KeyboardInterrupt), part_lock(boxes[0], "tile", "train"):
            with registry.write() as rows:
                rows.leases.take("part/tile", holder="elsewhere:1:1", seconds=300, over=lease_holder.me())
            time.sleep(10)
        with registry.write() as rows:
            held = rows.leases.of("part/tile")
            assert held is not None and held.holder == "elsewhere:1:1"
            rows.leases.give_back("part/tile", holder="elsewhere:1:1")
