"""What a command does before and after its job: settings, progress, workplace, lock, report."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory_gen.errors import UsageError
from pipelines.progress import PlainProgress, Progress, RichProgress, Silent
from pipelines.settings import Settings, follows_another_process, load_settings, quiet_environment

if TYPE_CHECKING:
    from pipelines.wiring import Workplace

_last_logs_dir: list[Path] = []


@dataclass(frozen=True)
class Session:
    """An open workplace, the progress to tell, and the settings behind them."""

    work: Workplace
    settings: Settings
    progress: Progress

    def part(self, wanted: str | None, *, new: bool = False) -> str:
        """The part to work on: the one named, else the setting `part`, else the only one there is.

        Args:
            wanted: what the command line says.
            new: whether the part may be one that the registry does not know yet.

        Raises:
            UsageError: none is named and there is not exactly one.
            NotFound: the registry has no part of that name.
        """
        name = wanted or self.settings.part
        with self.work.registry.read() as rows:
            if name:
                return name if new else rows.parts.get(name).name
            names = [part.name for part in rows.parts.list()]
        if len(names) == 1:
            return names[0]
        raise UsageError(
            expected="--part NAME" if names else "a part to work on",
            found=f"{len(names)} parts: {', '.join(names)}" if names else "an empty registry",
            action="Name one of them." if names else "Run `factory-gen ingest DIR --part NAME` first.",
        )


def settings_of(**flags: Any) -> Settings:
    """Settings with these flags on top, and the process made quiet before the heavy imports."""
    settings = load_settings(flags).settings
    _last_logs_dir[:] = [settings.logs_dir]
    quiet_environment(settings)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    return settings


def logs_dir() -> Path | None:
    """Where reports of failures go: HOME/logs, once a command has read its settings."""
    return _last_logs_dir[0] if _last_logs_dir else None


@contextmanager
def open_session(flags: Mapping[str, Any], *, quiet: bool) -> Iterator[Session]:
    """Settings, workplace and progress for the length of one command."""
    settings = settings_of(**flags)
    from pipelines.wiring import open_workplace

    with ExitStack() as stack:
        work = stack.enter_context(open_workplace(settings))
        progress = stack.enter_context(shown_progress(quiet))
        yield Session(work=work, settings=settings, progress=progress)


@contextmanager
def writing(session: Session, part: str, job: str) -> Iterator[None]:
    """Holds the part's lock while a job writes to it; of several launched processes, the first one holds it."""
    from pipelines.wiring import part_lock

    if follows_another_process():
        yield
        return
    with part_lock(session.settings, part, job):
        yield


@contextmanager
def shown_progress(quiet: bool) -> Iterator[Progress]:
    """Bars on a terminal, plain lines elsewhere, nothing when `quiet`."""
    if quiet or follows_another_process():
        yield Silent()
    elif sys.stderr.isatty():
        from rich.console import Console

        with RichProgress(Console(stderr=True)) as bars:
            yield bars
    else:
        yield PlainProgress()
