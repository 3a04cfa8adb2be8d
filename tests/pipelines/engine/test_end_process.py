"""A job's process and its descendants, ended for good."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from pipelines.engine.end_process import descendants, end_process, is_job
from pipelines.engine.places import born

CHILD = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
)
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
WAIT = "print('ready', flush=True); time.sleep(600)"


@pytest.mark.parametrize("code", [CHILD + WAIT, DEAF + CHILD + WAIT], ids=["polite", "deaf"])
def test_a_process_and_its_child_are_gone(code: str) -> None:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (child,) = descendants(process.pid)
        assert born(child)
        assert end_process(process.pid, grace_s=0.5 if code.startswith(DEAF) else 10)
        assert born(process.pid) == 0
        deadline = time.monotonic() + 10
        while born(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert born(child) == 0


def test_a_process_that_is_gone_already() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert end_process(process.pid)
    assert not is_job(process.pid)


def test_another_program_is_no_job() -> None:
    assert not is_job(os.getpid())
