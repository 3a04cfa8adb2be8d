"""Hold a lease of the registry for as long as a job runs, and tell a dead holder from one that still works."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from data_registry.errors import RegistryError
from pipelines.wiring import Workplace

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
def held(work: Workplace, name: str) -> Iterator[None]:
    """Hold the lease `name`, renewed by a thread; a dead process of this box loses it at once, others in 5 minutes.

    Raises:
        Locked: somebody else holds it.
    """
    holder = me()
    with work.registry.write() as rows:
        lease = rows.leases.of(name)
        dead = lease.holder if lease is not None and is_dead(lease.holder) else None
        rows.leases.take(name, holder=holder, seconds=SECONDS, over=dead)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(work, name, holder, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        # A registry that cannot be reached now lets the lease run out instead; the job's own error matters more.
        with suppress(RegistryError), work.registry.write() as rows:
            rows.leases.give_back(name, holder=holder)


def _renew(work: Workplace, name: str, holder: str, ended: threading.Event) -> None:
    last = time.monotonic()
    while not ended.wait(min(RENEW_EVERY, 1.0)):
        if time.monotonic() - last < RENEW_EVERY:
            continue
        last = time.monotonic()
        # A busy registry: the next try is a minute on, and four of them fit into the lease.
        with suppress(RegistryError), work.registry.write() as rows:
            rows.leases.take(name, holder=holder, seconds=SECONDS)


def _born(pid: int) -> str:
    """When a process was started, in the kernel's ticks; "gone" if there is none, or only its shell is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone"
    return "gone" if fields[0] == "Z" else fields[19]
