"""The dashboard as a process of its own, over a home of its own: with the job engine, or the pages alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_registry.session import Work, open_registry
from pipelines.settings import PREFIX

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0


def free_port() -> int:
    """A port of the loopback address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def records(home: Path) -> Iterator[Work]:
    """What the registry of a home has; nothing of the method is loaded."""
    with open_registry(f"sqlite:///{home / 'registry.db'}") as registry, registry.read() as rows:
        yield rows


@contextmanager
def served(home: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """The pages alone, without the job engine; gives their address.

    Args:
        home: whose records are shown.
        options: of `python -m ui.server`; `--open` unless given.
        port: a free one by default.
    """
    port = free_port() if port is None else port
    line = ["-m", "ui.server", "--port", str(port), *(options or ("--open",))]
    with _process(home, line, home / "pages.log") as process:
        _until_answers(f"http://127.0.0.1:{port}/_stcore/health", process, home / "pages.log")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def boxed(home: Path) -> Iterator[str]:
    """The whole box: engine, one worker, pages; gives the pages' address."""
    port = free_port()
    ports = ["--engine-port", str(free_port()), "--tracking-port", "0", "--pages-port", str(port)]
    line = ["-m", "pipelines.cli", "up", "--open", "--gpus", "0", *ports, "--within", str(int(PATIENCE_S))]
    with _process(home, line, home / "up.log") as process:
        _until_answers(f"http://127.0.0.1:{port}/_stcore/health", process, home / "up.log")
        _until_said("healthy after", process, home / "up.log")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _process(home: Path, line: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        f"{PREFIX}HOME": str(home),
        f"{PREFIX}DEVICE": "cpu",
        f"{PREFIX}THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *line], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def _until_said(words: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while words not in log.read_text():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.2)
