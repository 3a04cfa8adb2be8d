"""Keeps the services of a box alive: starts them, waits until they are healthy, starts a dead one again, stops all."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

from data_registry.errors import RegistryError
from factory_gen.errors import FactoryGenError
from pipelines.engine.backoff import Backoff
from pipelines.engine.errors import EngineDown, NotStarted
from pipelines.engine.health import answers, worker_online
from pipelines.engine.job import Job
from pipelines.engine.keeper import close_lost
from pipelines.engine.places import BoxNote, ServiceNote, born, service_logs_dir, write_note
from pipelines.engine.rest import Engine
from pipelines.engine.services import Service
from pipelines.settings import Settings, child_environment

TICK_S = 0.25
KEEP_EVERY_S = 10.0
CLOCK_EVERY_S = 60.0
STOP_S = 15.0
LONGEST_LOG = 20_000_000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Watched:
    """One service and its process."""

    def __init__(self, service: Service, log: Path) -> None:
        self.service = service
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.backoff = Backoff()
        self.restarts = -1  # the first start is none
        self.started_at = 0.0
        self.next_start = 0.0

    def start(self) -> None:
        """Starts it in a process group of its own, so that Ctrl-C reaches the supervisor alone."""
        with _open_log(self.log) as log:
            self.process = subprocess.Popen(
                self.service.command,
                env=child_environment(self.service.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self.restarts += 1
        self.started_at = time.monotonic()

    def dead(self) -> bool:
        """Whether its process has ended."""
        return self.process is not None and self.process.poll() is not None

    def healthy(self, engine: Engine) -> bool:
        """Whether it answers now."""
        if self.process is None or self.dead():
            return False
        if self.service.probe.startswith("http"):
            return answers(self.service.probe, timeout_s=2.0)
        return worker_online(engine, self.service.probe)

    def signal(self, number: int) -> None:
        """Sends a signal to its whole process group."""
        if self.process is not None and not self.dead():
            os.killpg(self.process.pid, number)

    def note(self) -> ServiceNote:
        """What the box's note says of it."""
        return ServiceNote(
            name=self.service.name,
            pid=self.process.pid if self.process else 0,
            address=self.service.address,
            probe=self.service.probe,
            restarts=max(0, self.restarts),
            log=str(self.log),
        )


class Box:
    """The running services.

    Args:
        settings: where the note and the logs lie.
        services: as planned.
        engine: the engine that the workers serve.
        teach: called once when the engine answers, before the workers start.
        due: called each minute; queues what is due and returns it.
        say: told what happens, a line at a time.
    """

    def __init__(
        self,
        settings: Settings,
        services: tuple[Service, ...],
        engine: Engine,
        *,
        teach: Callable[[Engine], None],
        due: Callable[[], tuple[Job, ...]],
        say: Callable[[str], None],
    ) -> None:
        logs = service_logs_dir(settings)
        logs.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._engine = engine
        self._teach = teach
        self._due = due
        self._say = say
        self._watched = [
            Watched(service, logs / f"{service.name.replace(' ', '-')}.log") for service in services
        ]
        self._taught = False
        self._kept_at = self._clock_at = 0.0
        self._refusal = ""
        self._stopping = False

    def run(self, *, healthy_within_s: float, ready: Callable[[float], None]) -> None:
        """Starts all, calls `ready` with the seconds it took, then watches until a signal asks to stop.

        Raises:
            NotStarted: a service did not become healthy in time; everything is stopped again.
        """
        kept = {
            number: signal.signal(number, self._ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)
        }
        began = time.monotonic()
        is_ready = False
        try:
            while not self._stopping:
                self._tick()
                if not is_ready and self._all_healthy():
                    is_ready = True
                    ready(time.monotonic() - began)
                if not is_ready and time.monotonic() - began > healthy_within_s:
                    raise self._not_started(healthy_within_s)
                time.sleep(TICK_S)
        finally:
            self.stop()
            for number, handler in kept.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Asks every service to end, the last started first, and ends those that do not within 15 s."""
        for watched in reversed(self._watched):
            watched.signal(signal.SIGTERM)
        until = time.monotonic() + STOP_S
        for watched in self._watched:
            if watched.process is None:
                continue
            try:
                watched.process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                watched.signal(signal.SIGKILL)
                watched.process.wait()

    def _tick(self) -> None:
        now = time.monotonic()
        for watched in self._watched:
            if watched.dead():
                self._bury(watched, now)
            if watched.process is None and now >= watched.next_start and self._may_start(watched):
                watched.start()
                self._write_note()
                if watched.restarts:
                    self._say(f"{watched.service.name}: started again ({watched.restarts})")
        if self._taught and now - self._kept_at >= KEEP_EVERY_S:
            self._kept_at = now
            self._close_lost()
        if self._taught and now - self._clock_at >= CLOCK_EVERY_S:
            self._clock_at = now
            self._start_due()

    def _may_start(self, watched: Watched) -> bool:
        if not watched.service.after_engine:
            return True
        if not self._engine.healthy():
            return False
        if not self._taught:
            self._close_lost()
            try:
                self._teach(self._engine)
            except EngineDown:
                return False  # it answers, yet is still busy with its start
            self._taught = True
        return True

    def _bury(self, watched: Watched, now: float) -> None:
        assert watched.process is not None
        watched.backoff = watched.backoff.died(now - watched.started_at)
        watched.next_start = now + watched.backoff.wait_s
        self._say(
            f"{watched.service.name}: ended with {watched.process.returncode}; again in "
            f"{watched.backoff.wait_s:.0f} s. See {watched.log}"
        )
        watched.process = None

    def _close_lost(self) -> None:
        try:
            for job_id in close_lost(self._engine):
                self._say(f"job {job_id}: its process is gone; closed")
        except FactoryGenError:
            return  # the engine itself is being started again; the next round looks once more

    def _start_due(self) -> None:
        try:
            for job in self._due():
                self._say(f"job {job.id}: {job.kind} {job.part}, due by its policy")
            self._refusal = ""
        except (FactoryGenError, RegistryError) as error:
            if str(error) != self._refusal:  # said once, not each minute
                self._refusal = str(error)
                self._say(f"schedule: {error}")

    def _all_healthy(self) -> bool:
        return all(watched.healthy(self._engine) for watched in self._watched)

    def _write_note(self) -> None:
        services = tuple(watched.note() for watched in self._watched)  # a service that waits is not healthy
        me = os.getpid()
        write_note(
            self._settings, BoxNote(pid=me, born=born(me), engine_url=self._engine.url, services=services)
        )

    def _not_started(self, seconds: float) -> NotStarted:
        sick = next(watched for watched in self._watched if not watched.healthy(self._engine))
        return NotStarted(
            expected=f"all services healthy within {seconds:.0f} s",
            found=f"no answer from {sick.service.name!r}",
            action=f"Read {sick.log}, or give more time with --within.",
        )

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > LONGEST_LOG:
        path.replace(path.with_suffix(".1.log"))
    return path.open("ab")


def _end_with_parent() -> None:
    # a supervisor that is killed with -9 must not leave services on their ports
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
