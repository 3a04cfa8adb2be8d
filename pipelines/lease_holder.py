"""Hold a lease of the registry for as long as a job runs, and tell a dead holder from one that still works."""

from __future__ import annotations

import os
import socket
import threading
import time
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from data_registry.errors import Locked, RegistryError
from data_registry.session import Registry

SECONDS = 300.0
RENEW_EVERY = 60.0


def me() -> str:
    """Names this process among all processes of all boxes, also after its number is given to another one."""
    return f"{socket.gethostname()}:{os.getpid()}:{_born(os.getpid())}"


def is_dead(holder: str) -> bool:
    """Whether a holder was a process of this box that is gone; of another box nobody can tell, so False."""
    host, _, rest = holder.rpartition(":")
    host, _, pid = host.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return _born(int(pid)) != rest


@contextmanager
def held(registry: Registry, name: str) -> Iterator[None]:
    """Hold the lease `name`, renewed by a thread; a dead process of this box loses it at once, others in 5 minutes.

    A process that stood still for so long that somebody else has the lease is interrupted as by Ctrl+C, where it holds
    the lease in its main thread, and in any case ends with an error.

    Raises:
        Locked: somebody else holds it, or has it by now.
    """
    holder = me()
    with registry.write() as rows:
        lease = rows.leases.of(name)
        dead = lease.holder if lease is not None and is_dead(lease.holder) else None
        rows.leases.take(name, holder=holder, seconds=SECONDS, over=dead)
    renewing = _Renewing(registry, name, holder)
    renewing.start()
    try:
        yield
    finally:
        renewing.end()
        # A registry that cannot be reached now lets the lease run out instead; the job's own error matters more.
        with suppress(RegistryError), registry.write() as rows:
            rows.leases.give_back(name, holder=holder)
    if renewing.lost_to:
        raise Locked(
            expected=f"{name} to stay with this process",
            found=f"{renewing.lost_to}, which has taken it while this one stood still",
            action="Wait until that has ended, then run the same command again.",
        )


class _Renewing(threading.Thread):
    """Renews one lease until it is told to end, or somebody else has it."""

    def __init__(self, registry: Registry, name: str, holder: str) -> None:
        super().__init__(daemon=True)
        self._registry, self._name, self._holder = registry, name, holder
        self._main = threading.current_thread() is threading.main_thread()
        self._ended = threading.Event()
        self.lost_to = ""

    def run(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(min(RENEW_EVERY, 1.0)) and not self.lost_to:
            if time.monotonic() - last < RENEW_EVERY:
                continue
            last = time.monotonic()
            # A busy registry: the next try is a minute on, and four of them fit into the lease.
            with suppress(RegistryError):
                self._renew()

    def end(self) -> None:
        """Stop renewing."""
        self._ended.set()
        self.join()

    def _renew(self) -> None:
        with self._registry.write() as rows:
            lease = rows.leases.of(self._name)
            if lease is None or lease.holder == self._holder:
                rows.leases.take(self._name, holder=self._holder, seconds=SECONDS)
                return
        self.lost_to = lease.holder
        if self._main:
            interrupt_main()


def _born(pid: int) -> str:
    """When a process was started, in the kernel's ticks; "gone" if there is none, or only its shell is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone"
    return "gone" if fields[0] == "Z" else fields[19]
