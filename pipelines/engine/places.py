"""Where the box keeps its own things under home, and the note in which a running box says what it runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines.engine.errors import EngineDown
from pipelines.engine.rest import Engine
from pipelines.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceNote:
    """One service as the running box has noted it: its process, its address, and how often it was restarted."""

    name: str
    pid: int
    address: str
    probe: str
    restarts: int
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxNote:
    """What a running box says of itself.

    Attributes:
        pid: the process of `factory-gen up`.
        born: when that process began, in the system's clock ticks; tells it from a later one of the same number.
        engine_url: where jobs are submitted.
        services: what it runs.
    """

    pid: int
    born: int
    engine_url: str
    services: tuple[ServiceNote, ...] = field(default=())


def engine_dir(settings: Settings) -> Path:
    """The engine's database and the box's note."""
    return settings.home / "engine"


def engine_database(settings: Settings) -> Path:
    """The file in which an engine of this home keeps its jobs."""
    return engine_dir(settings) / "prefect.db"


def service_logs_dir(settings: Settings) -> Path:
    """What the services print."""
    return settings.logs_dir / "services"


def write_note(settings: Settings, note: BoxNote) -> None:
    """Replaces the note in one step."""
    path = _note_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(asdict(note), indent=1))
    fresh.replace(path)


def read_note(settings: Settings) -> BoxNote | None:
    """The note of the last box that ran here; None when there was none. Whether it still runs is `alive`'s answer."""
    try:
        facts: Mapping[str, Any] = json.loads(_note_path(settings).read_text())
        services = tuple(ServiceNote(**service) for service in facts["services"])
        return BoxNote(**{**facts, "services": services})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_note(settings: Settings) -> None:
    """Takes the note away when the box has ended."""
    _note_path(settings).unlink(missing_ok=True)


def engine_of(settings: Settings) -> Engine:
    """The engine to talk to: the setting `engine_url`, else the box that runs under this home.

    Raises:
        EngineDown: neither is there.
    """
    if settings.engine_url:
        return Engine(settings.engine_url.rstrip("/"))
    note = read_note(settings)
    if note is None:
        raise EngineDown(
            expected="a running job engine",
            found=f"no box under {settings.home}",
            action="Start it with `factory-gen up`, or give its address in FACTORY_GEN_ENGINE_URL.",
        )
    return Engine(note.engine_url)


def born(pid: int) -> int:
    """When a process began, in clock ticks since the machine's start; 0 when there is none, or it is dead."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, IndexError):
        return 0
    return 0 if words[0] in "ZX" else int(words[19])


def alive(note: BoxNote) -> bool:
    """Whether the box that wrote the note still runs."""
    return note.born > 0 and born(note.pid) == note.born


def boot_id() -> str:
    """A name for this start of the machine; another one after a power cut."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _note_path(settings: Settings) -> Path:
    return engine_dir(settings) / "box.json"
