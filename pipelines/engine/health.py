"""Is each service of the box there and answering? Asked from outside, by a command, a page or a monitor."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass

from factory_gen.errors import FactoryGenError
from pipelines.engine.places import ServiceNote, alive, born, read_note
from pipelines.engine.register import GPU, pool_of
from pipelines.engine.rest import Engine
from pipelines.settings import Settings

PROBE_S = 5.0
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHealth:
    """One service: healthy, or what is wrong and where to look."""

    name: str
    healthy: bool
    address: str
    pid: int
    restarts: int
    problem: str
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The box. `running` says whether its supervisor lives; `healthy` that it does and all services answer."""

    running: bool
    healthy: bool
    engine_url: str
    services: tuple[ServiceHealth, ...]
    next_step: str


def health(settings: Settings) -> Health:
    """Looks at the box that runs under this home; never raises because something is down."""
    note = read_note(settings)
    if note is None or not alive(note):
        left = () if note is None else note.services
        url = settings.engine_url or ("" if note is None else note.engine_url)
        return Health(
            running=False,
            healthy=False,
            engine_url=url,
            services=tuple(_look(service, url) for service in left if born(service.pid)),
            next_step="Start the box with `factory-gen up`.",
        )
    services = tuple(_look(service, note.engine_url) for service in note.services)
    sick = [service for service in services if not service.healthy]
    return Health(
        running=True,
        healthy=not sick,
        engine_url=note.engine_url,
        services=services,
        next_step=f"Read {sick[0].log}; the box starts a dead service again by itself." if sick else "",
    )


def answers(url: str, *, timeout_s: float = PROBE_S) -> bool:
    """Whether a GET of the URL ends with 200."""
    try:
        with _open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def worker_online(engine: Engine, name: str) -> bool:
    """Whether the engine has heard from that worker lately."""
    pool = GPU if not name.endswith("-cpu") else pool_of("cpu")
    try:
        found = engine.post(f"/work_pools/{pool}/workers/filter", {}, timeout_s=PROBE_S) or []
    except FactoryGenError:
        return False
    return any(worker["name"] == name and worker["status"] == "ONLINE" for worker in found)


def _look(service: ServiceNote, engine_url: str) -> ServiceHealth:
    there = born(service.pid) > 0
    if service.probe.startswith("http"):
        well = there and answers(service.probe)
    else:
        well = there and worker_online(Engine(engine_url), service.probe)
    problem = "" if well else ("it does not answer" if there else "its process has ended")
    return ServiceHealth(
        name=service.name,
        healthy=well,
        address=service.address,
        pid=service.pid,
        restarts=service.restarts,
        problem=problem,
        log=service.log,
    )
