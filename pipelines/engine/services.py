"""The services of a box as command lines: the engine, the workers, MLflow, the pages. Nothing is started here."""

from __future__ import annotations

import hashlib
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from factory_gen.errors import UsageError
from pipelines.engine.errors import PortTaken
from pipelines.engine.places import engine_database, engine_dir
from pipelines.engine.register import HEARTBEAT_S, pool_of
from pipelines.settings import WORKER_DEVICE, Settings, as_environment

LOOPBACK = "127.0.0.1"
ENGINE, TRACKING, PAGES = "engine", "tracking", "pages"
PAGES_SERVER = "ui.server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the services listen, on loopback; None leaves a service out."""

    engine: int | None = 4200
    tracking: int | None = 5000
    pages: int | None = 8501

    def __post_init__(self) -> None:
        wanted = [port for port in (self.engine, self.tracking, self.pages) if port is not None]
        if any(not 1 <= port <= 65535 for port in wanted) or len(set(wanted)) < len(wanted):
            raise UsageError(
                expected="different ports from 1 to 65535",
                found=", ".join(map(str, wanted)),
                action="Correct --engine-port, --tracking-port or --pages-port.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service.

    Attributes:
        name: `engine`, `worker cpu`, `tracking`, `pages`.
        command: what to run.
        environment: variables on top of this process's own.
        port: where it listens; None for a worker.
        address: what a person opens or gives to a program; empty for a worker.
        probe: a URL that answers 200 when it is healthy; for a worker, the name that the engine knows it by.
        after_engine: whether it can only start when the engine answers.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    address: str = ""
    probe: str = ""
    after_engine: bool = False


def plan(
    settings: Settings, ports: Ports, devices: tuple[str, ...], *, open_pages: bool = False
) -> tuple[Service, ...]:
    """The services of this box, in the order in which they are started.

    Args:
        settings: where things are; with `engine_url` set, the engine of another box is used and none started here.
        ports: where they listen.
        devices: one worker each.
        open_pages: pages without accounts.
    """
    services = []
    url = settings.engine_url.rstrip("/") or f"http://{LOOPBACK}:{ports.engine}/api"
    if not settings.engine_url and ports.engine is not None:
        services.append(_engine(settings, ports.engine, url))
    services += [_worker(settings, url, device) for device in devices]
    if ports.tracking is not None and settings.tracking and settings.mlflow_uri.startswith("sqlite"):
        services.append(_tracking(settings, ports.tracking))
    if ports.pages is not None:
        services.append(_pages(settings, url, ports.pages, without_accounts=open_pages))
    return tuple(services)


def worker_name(settings: Settings, device: str) -> str:
    """The name by which the engine knows this box's worker for a device; two boxes may share a machine's name."""
    box = f"-{hashlib.sha256(bytes(settings.home)).hexdigest()[:6]}" if settings.engine_url else ""
    return f"{socket.gethostname()}{box}-{device}"


def engine_environment(settings: Settings, url: str) -> dict[str, str]:
    """Variables for every process that talks to the engine; telemetry and colours off."""
    home = engine_dir(settings)
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{engine_database(settings)}",
        # a busy machine answers late, not never
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
        "PREFECT_API_REQUEST_TIMEOUT": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        # nothing here is planned by the engine, and a job that waits is not late: these would write all the time
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
        # the jobs of a worker find `python` here
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    }


def refuse_taken_ports(services: tuple[Service, ...]) -> None:
    """Looks at every port before anything is started.

    Raises:
        PortTaken: somebody listens there already; service, port and option are named.
    """
    for service in services:
        if service.port is not None and port_taken(service.port):
            raise PortTaken(
                expected=f"port {service.port} free for the service {service.name!r}",
                found="another program that listens there",
                action=f"End that program (`ss -ltnp | grep {service.port}` names it), or choose another port "
                f"with --{service.name}-port.",
            )


def port_taken(port: int) -> bool:
    """Whether a server could not listen on this port of the loopback address."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def _engine(settings: Settings, port: int, url: str) -> Service:
    options = ("--host", LOOPBACK, "--port", str(port), "--no-ui")
    return Service(
        name=ENGINE,
        command=(sys.executable, "-m", "prefect", "server", "start", *options),
        environment=engine_environment(settings, url),
        port=port,
        address=url,
        probe=f"{url}/health",
    )


def _worker(settings: Settings, url: str, device: str) -> Service:
    pool, name = pool_of(device), worker_name(settings, device)
    device_facts = {} if device == "cpu" else {"CUDA_VISIBLE_DEVICES": device.removeprefix("gpu")}
    options = ("--pool", pool, "--type", "process", "--name", name, "--limit", "1")
    return Service(
        name=f"worker {device}",
        command=(sys.executable, "-m", "prefect", "worker", "start", *options),
        environment={
            **engine_environment(settings, url),
            **as_environment(settings),
            "FACTORY_GEN_ENGINE_URL": url,
            WORKER_DEVICE: device,
            **device_facts,
        },
        probe=name,
        after_engine=True,
    )


def _tracking(settings: Settings, port: int) -> Service:
    address = f"http://{LOOPBACK}:{port}"
    options = ("--host", LOOPBACK, "--port", str(port), "--workers", "1")
    return Service(
        name=TRACKING,
        command=(
            sys.executable, "-m", "mlflow", "server", *options,
            "--backend-store-uri", settings.mlflow_uri,
            "--artifacts-destination", str(settings.mlflow_dir / "artifacts"),
        ),
        port=port,
        address=address,
        probe=f"{address}/health",
    )  # fmt: skip


def _pages(settings: Settings, url: str, port: int, *, without_accounts: bool) -> Service:
    address = f"http://{LOOPBACK}:{port}"
    options = ("--address", LOOPBACK, "--port", str(port), *(("--open",) if without_accounts else ()))
    return Service(
        name=PAGES,
        # -P: a folder named `ui` where the box was started must not be taken for ours
        command=(sys.executable, "-P", "-m", PAGES_SERVER, *options),
        environment={**as_environment(settings), "FACTORY_GEN_ENGINE_URL": url},
        port=port,
        address=address,
        probe=f"{address}/_stcore/health",
    )
