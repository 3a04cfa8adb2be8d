"""The one place where settings become a working registry and blob store.

A `Workplace` is what every job gets. `part_lock` keeps two jobs from writing to the same part at once, on this box by
a lock of the operating system, and on all boxes that share a registry by a lease in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from data_registry.errors import Locked
from data_registry.session import Registry, open_registry
from data_registry.storage import BlobStore
from pipelines.errors import NotPermitted, from_os_error
from pipelines.lease_holder import held
from pipelines.settings import Settings

LOOK_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a job works on: the settings, the open registry and the stored bytes."""

    settings: Settings
    registry: Registry
    blobs: BlobStore


@contextmanager
def open_workplace(settings: Settings) -> Iterator[Workplace]:
    """Makes the folders, proves that they can be written to, and opens the registry.

    Raises:
        NotPermitted: a folder cannot be made or written to; it is named.
        NoSpace: the disk is full.
        RegistryError: the registry is newer than this program, broken, or no registry; the shared store of bytes
            does not answer or may not be written.
    """
    for folder in (
        settings.home,
        settings.blobs_dir,
        settings.models_dir,
        settings.locks_dir,
        settings.logs_dir,
    ):
        _make_writable(folder)
    with open_registry(settings.registry_url) as registry:
        yield Workplace(settings=settings, registry=registry, blobs=_open_blobs(settings))


def _open_blobs(settings: Settings) -> BlobStore:
    if not settings.blobs_url:
        return BlobStore(settings.blobs_dir)
    # fsspec and what it loads cost a box that does not share nothing
    from data_registry.shared_blobs import SharedBlobStore

    return SharedBlobStore(settings.blobs_dir, settings.blobs_url)


@contextmanager
def part_lock(
    settings: Settings, part: str, job: str, *, waiting: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Holds the part for one writing job, on this box and on every other one that shares the registry.

    A killed job's lock goes with its process; its lease too, as soon as somebody of its box asks, or after 5 minutes.

    Args:
        settings: where locks and registry are.
        part: name of the part; it may be one that the registry does not know yet.
        job: what is to be done.
        waiting: told once who holds the part, and then it is waited for; None refuses at once.

    Raises:
        Locked: another job writes to this part.
    """
    with ExitStack() as opened, ExitStack() as stack:
        # a file of SQLite is one box's alone
        shared = not settings.registry_url.startswith("sqlite")
        registry = opened.enter_context(open_registry(settings.registry_url)) if shared else None
        told = False
        while True:
            try:
                stack.enter_context(_lock_here(settings, part, job))
                if registry is not None:
                    stack.enter_context(_lease(registry, part))
                break
            except Locked as busy:
                stack.close()  # whoever has only half of it must not keep the other half
                if waiting is None:
                    raise
                if not told:
                    waiting(busy.found)
                    told = True
                time.sleep(LOOK_AGAIN_S)
        yield


@contextmanager
def _lock_here(settings: Settings, part: str, job: str) -> Iterator[None]:
    """The operating system's lock of this box."""
    # the part's name comes from outside, so it never becomes a path itself
    stem = settings.locks_dir / hashlib.sha256(part.encode()).hexdigest()[:24]
    holder = stem.with_suffix(".json")
    lock = FileLock(stem.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise _busy(part, _describe_holder(holder)) from error
    try:
        holder.write_text(
            json.dumps(
                {"job": job, "pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
            )
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _lease(registry: Registry, part: str) -> Iterator[None]:
    """The lease of the part, in a registry that several boxes share."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(registry, f"part/{part}"))
        except Locked as error:
            raise _busy(part, f"on another box, {error.found}") from error
        yield


def _busy(part: str, found: str) -> Locked:
    return Locked(
        expected=f"no other job on part {part!r}",
        found=found,
        action="Wait until it has ended, or end that process, then run the same command again.",
    )


def _describe_holder(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text())
        return f"`{facts['job']}` running as process {facts['pid']} since {facts['since']}"
    except (OSError, ValueError, KeyError):
        # the holder writes its note just after it has the lock
        return "another job that has just started"


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        refusal = from_os_error(error)
        if refusal is not None and not isinstance(refusal, NotPermitted):
            raise refusal from error
        raise NotPermitted(
            expected=f"a folder that can be written to at {folder}",
            found=error.strerror or type(error).__name__,
            action="Change its access rights, or choose another place with --home or FACTORY_GEN_HOME.",
        ) from error
