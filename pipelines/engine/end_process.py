"""Ends a job's process and all that it has started, and says when they are gone."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from pipelines.engine.places import born

GRACE_S = 3.0  # every job survives kill -9; a polite end only saves the resuming
LOOK_S = 0.05
_ENGINE_WORD = b"prefect.engine"


def is_job(pid: int) -> bool:
    """Whether that process is a job of the engine, and not another one that got its number."""
    try:
        return _ENGINE_WORD in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def end_process(pid: int, *, grace_s: float = GRACE_S) -> bool:
    """Asks a process to end, ends it and its descendants by force after `grace_s` seconds, and waits for that.

    Returns:
        Whether all of them are gone; False when this user may not end them.
    """
    family = [pid, *descendants(pid)]
    alive = {member: began for member in family if (began := born(member))}
    try:
        if pid in alive:
            os.kill(pid, signal.SIGTERM)
        if not _gone_within({pid: alive.get(pid, 0)}, grace_s):
            os.kill(pid, signal.SIGKILL)
        for member, began in alive.items():
            if born(member) == began:
                with suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    return _gone_within(alive, grace_s)


def descendants(pid: int) -> list[int]:
    """Children of a process, their children, and so on."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError, ValueError):
            found += [int(word) for word in task.read_text().split()]
    return found + [further for child in found for further in descendants(child)]


def _gone_within(family: dict[int, int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(began and born(pid) == began for pid, began in family.items()):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True
