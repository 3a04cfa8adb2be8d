"""The one place where settings become a working registry and blob store.

A `Workplace` is what every job gets. `part_lock` keeps two jobs from writing to the same part at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from data_registry.errors import Locked
from data_registry.session import Registry, open_registry
from data_registry.storage import BlobStore
from pipelines.errors import NotPermitted, from_os_error
from pipelines.settings import Settings


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
        RegistryError: the registry is newer than this program, broken, or no registry.
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
        yield Workplace(settings=settings, registry=registry, blobs=BlobStore(settings.blobs_dir))


@contextmanager
def part_lock(settings: Settings, part: str, job: str) -> Iterator[None]:
    """Holds the part for one writing job; a second one is refused at once and told who holds it.

    The lock is the operating system's, so a killed job leaves none behind.

    Raises:
        Locked: another process writes to this part.
    """
    # the part's name comes from outside, so it never becomes a path itself
    stem = settings.locks_dir / hashlib.sha256(part.encode()).hexdigest()[:24]
    holder = stem.with_suffix(".json")
    lock = FileLock(stem.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise Locked(
            expected=f"no other job on part {part!r}",
            found=_describe_holder(holder),
            action="Wait until it has ended, or end that process, then run the same command again.",
        ) from error
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
