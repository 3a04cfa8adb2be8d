"""Health is told, never raised, whatever is left of a box."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.engine.health import health
from pipelines.engine.places import BoxNote, ServiceNote, write_note
from pipelines.settings import load_settings


def test_no_box_at_all(tmp_path: Path) -> None:
    found = health(load_settings({"home": tmp_path}, environ={}).settings)
    assert (found.running, found.healthy, found.services) == (False, False, ())
    assert "factory-gen up" in found.next_step


def test_services_that_a_killed_box_has_left(tmp_path: Path) -> None:
    """Right after a power cut of the box alone: its worker still lives, and nobody listens where the engine was."""
    settings = load_settings({"home": tmp_path}, environ={}).settings
    left = [
        ServiceNote(name=name, pid=pid, address="", probe=probe, restarts=0, log="x.log")
        for name, pid, probe in (
            ("worker cpu", os.getpid(), "machine-cpu"),
            ("engine", os.getpid(), "http://127.0.0.1:1/api/health"),
            ("pages", 2**22 + 1, "http://127.0.0.1:1/"),
        )
    ]
    url = "http://127.0.0.1:1/api"
    write_note(settings, BoxNote(pid=2**22 + 1, born=1, engine_url=url, services=tuple(left)))
    found = health(settings)
    assert (found.running, found.healthy, found.engine_url) == (False, False, url)
    assert [(one.name, one.healthy) for one in found.services] == [("worker cpu", False), ("engine", False)]
