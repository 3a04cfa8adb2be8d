"""`up` and `down`: a whole box in one call. One box per home; a second one is refused."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from data_registry.errors import Locked
from data_registry.session import open_registry
from factory_gen.errors import FactoryGenError
from pipelines.engine.clock import submit_due
from pipelines.engine.device import count_gpus, devices_of
from pipelines.engine.places import alive, born, engine_dir, read_note, remove_note
from pipelines.engine.register import teach
from pipelines.engine.rest import Engine
from pipelines.engine.services import LOOPBACK, PAGES_SERVER, Ports, Service, plan, refuse_taken_ports
from pipelines.engine.supervise import Box
from pipelines.settings import Settings

DOWN_S = 30.0
_PROGRAMS = (b"prefect", b"mlflow", PAGES_SERVER.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """What `down` has found and ended."""

    was_running: bool
    ended: tuple[str, ...]


def up(
    settings: Settings,
    *,
    ports: Ports,
    gpus: int | None,
    healthy_within_s: float,
    say: Callable[[str], None],
    open_pages: bool = False,
) -> None:
    """Runs the box until a signal asks it to stop.

    Args:
        settings: where things are. With `engine_url`, only workers for that engine are run.
        ports: where the services listen.
        gpus: how many GPUs get a worker; those that the driver shows when None.
        healthy_within_s: how long all services may take.
        say: told what happens.
        open_pages: pages without accounts.

    Raises:
        Locked: a box runs under this home already.
        PortTaken: somebody listens where a service should.
        NotStarted: a service did not become healthy in time.
    """
    devices = devices_of(settings, count_gpus() if gpus is None else gpus)
    services = plan(settings, ports, devices, open_pages=open_pages)
    engine = Engine(settings.engine_url.rstrip("/") or f"http://{LOOPBACK}:{ports.engine}/api")
    folder = engine_dir(settings)
    for place in (folder, settings.mlflow_dir, settings.locks_dir):
        place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "up.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise _runs_already(settings) from error
    try:
        end_left_overs(settings, say)
        refuse_taken_ports(services)
        open_registry(
            settings.registry_url
        ).close()  # a registry that refuses stops the box here, with its reason
        box = Box(
            settings,
            services,
            engine,
            teach=lambda told: teach(told, devices),
            # the main box alone keeps the clock
            due=(lambda: ()) if settings.engine_url else (lambda: submit_due(settings)),
            say=say,
        )
        box.run(healthy_within_s=healthy_within_s, ready=lambda took: _introduce(services, took, say))
    finally:
        remove_note(settings)
        lock.release()


def down(settings: Settings) -> Down:
    """Ends the box that runs under this home, and services that a killed one has left.

    Raises:
        FactoryGenError: it does not end within 30 s.
    """
    note = read_note(settings)
    if note is None:
        return Down(was_running=False, ended=())
    names = tuple(service.name for service in note.services)
    if not alive(note):
        return Down(was_running=False, ended=end_left_overs(settings, lambda _: None))
    os.kill(note.pid, signal.SIGTERM)
    until = time.monotonic() + DOWN_S
    while alive(note):
        if time.monotonic() > until:
            raise FactoryGenError(
                expected=f"the box to end within {DOWN_S:.0f} s",
                found=f"process {note.pid} still there",
                action=f"Look at it with `ps -p {note.pid}`; `kill -9 {note.pid}` ends it and its services.",
            )
        time.sleep(0.1)
    return Down(was_running=True, ended=names)


def end_left_overs(settings: Settings, say: Callable[[str], None]) -> tuple[str, ...]:
    """Ends services that a box which is gone has left, known by number and by the command they were started with."""
    note = read_note(settings)
    if note is None or alive(note):
        return ()
    ended = []
    for service in note.services:
        if born(service.pid) and _is_service(service.pid):
            os.killpg(service.pid, signal.SIGKILL)
            say(f"{service.name}: left by a box that is gone; ended")
            ended.append(service.name)
    remove_note(settings)
    return tuple(ended)


def _is_service(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.getpgid(pid) == pid and any(word in _PROGRAMS for word in words)
    except OSError:
        return False


def _runs_already(settings: Settings) -> Locked:
    note = read_note(settings)
    found = f"one that runs as process {note.pid}" if note else "one that is just starting"
    return Locked(
        expected=f"no other box under {settings.home}",
        found=found,
        action="Use it (`factory-gen health`), or end it with `factory-gen down`.",
    )


def _introduce(services: tuple[Service, ...], took_s: float, say: Callable[[str], None]) -> None:
    say(f"healthy after {took_s:.0f} s")
    for service in services:
        say(f"  {service.name:<12} {service.address}".rstrip())
    say("Ctrl+C or `factory-gen down` stops all of it.")
