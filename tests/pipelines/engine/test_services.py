"""Command lines of the services, their ports, and the note of a running box."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from factory_gen.errors import UsageError
from pipelines.engine.errors import EngineDown, PortTaken
from pipelines.engine.health import health
from pipelines.engine.places import BoxNote, ServiceNote, alive, born, engine_of, read_note, write_note
from pipelines.engine.services import Ports, Service, plan, port_taken, refuse_taken_ports
from pipelines.settings import WORKER_DEVICE, Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path}, environ={}).settings


def by_name(services: tuple[Service, ...]) -> dict[str, Service]:
    return {service.name: service for service in services}


def test_a_box_with_two_gpus(settings: Settings) -> None:
    services = plan(settings, Ports(), ("gpu0", "gpu1", "cpu"))
    names = ["engine", "worker gpu0", "worker gpu1", "worker cpu", "tracking", "pages"]
    assert [service.name for service in services] == names
    for service in services:
        if service.port is not None:
            assert "127.0.0.1" in service.command
            assert str(service.port) in service.command
        assert "0.0.0.0" not in " ".join(service.command)
    worker = by_name(services)["worker gpu1"]
    assert worker.environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert worker.environment[WORKER_DEVICE] == "gpu1"
    assert worker.command[worker.command.index("--limit") + 1] == "1"
    assert worker.command[worker.command.index("--pool") + 1] == "gpu"
    assert worker.after_engine


@pytest.mark.parametrize("wanted", [True, False])
def test_pages_ask_for_accounts_unless_they_are_opened(settings: Settings, wanted: bool) -> None:
    pages = by_name(plan(settings, Ports(), ("cpu",), open_pages=wanted))["pages"]
    assert ("--open" in pages.command) == wanted


def test_a_job_finds_the_same_settings_as_the_box(settings: Settings) -> None:
    changed = replace(settings, device="cpu", threads=3, tracking=False, part="tile")
    worker = by_name(plan(changed, Ports(), ("cpu",)))["worker cpu"]
    ours = {name: text for name, text in worker.environment.items() if name.startswith("FACTORY_GEN_")}
    expected = replace(changed, engine_url="http://127.0.0.1:4200/api")
    assert load_settings({}, environ=ours).settings == expected


def test_telemetry_and_the_engines_own_pages_are_off(settings: Settings) -> None:
    engine = plan(settings, Ports(), ("cpu",))[0]
    assert "--no-ui" in engine.command
    assert engine.environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert engine.environment["DO_NOT_TRACK"] == "1"
    assert engine.environment["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert str(settings.home) in engine.environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"]


@pytest.mark.parametrize(
    ("changes", "ports", "names"),
    [
        ({}, Ports(tracking=None, pages=None), ["engine", "worker cpu"]),
        ({"tracking": False}, Ports(pages=None), ["engine", "worker cpu"]),
        ({"mlflow_uri": "http://main:5000"}, Ports(pages=None), ["engine", "worker cpu"]),
        ({"engine_url": "http://main:4200/api"}, Ports(tracking=None, pages=None), ["worker cpu"]),
    ],
)
def test_services_that_are_left_out(
    settings: Settings, changes: dict[str, object], ports: Ports, names: list[str]
) -> None:
    services = plan(replace(settings, **changes), ports, ("cpu",))  # type: ignore[arg-type]
    assert [service.name for service in services] == names


@pytest.mark.parametrize("ports", [{"engine": 0}, {"engine": 70000}, {"engine": 5000}, {"pages": -1}])
def test_ports_that_cannot_be(ports: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Ports(**ports)


def test_a_taken_port_is_named_with_its_service_and_its_option() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert port_taken(port)
        with pytest.raises(PortTaken, match=f"port {port} .*'engine'.*--engine-port") as caught:
            refuse_taken_ports((Service(name="engine", command=(), port=port),))
        assert caught.value.exit_code == 6
    assert not port_taken(port)


def note_of(pid: int, began: int) -> BoxNote:
    service = ServiceNote(
        name="engine", pid=os.getpid(), address="a", probe="http://127.0.0.1:1/", restarts=2, log="l"
    )
    return BoxNote(pid=pid, born=began, engine_url="http://127.0.0.1:1/api", services=(service,))


def test_the_note_is_read_as_it_was_written(settings: Settings) -> None:
    assert read_note(settings) is None
    note = note_of(os.getpid(), born(os.getpid()))
    write_note(settings, note)
    assert read_note(settings) == note
    assert alive(note)
    assert engine_of(settings).url == note.engine_url


@pytest.mark.parametrize("began", [0, 1])
def test_another_process_of_the_same_number_is_not_the_box(began: int) -> None:
    assert not alive(note_of(os.getpid(), began))


def test_a_broken_note_is_no_note(settings: Settings) -> None:
    write_note(settings, note_of(1, 1))
    (settings.home / "engine" / "box.json").write_text('{"pid": 3')
    assert read_note(settings) is None


def test_without_a_box_the_next_step_is_said(settings: Settings) -> None:
    with pytest.raises(EngineDown, match="factory-gen up"):
        engine_of(settings)
    found = health(settings)
    assert not found.running and not found.healthy
    assert "factory-gen up" in found.next_step


def test_a_service_that_does_not_answer_makes_the_box_unhealthy(settings: Settings) -> None:
    write_note(settings, note_of(os.getpid(), born(os.getpid())))
    found = health(settings)
    assert found.running and not found.healthy
    assert (found.services[0].problem, found.services[0].restarts) == ("it does not answer", 2)
    assert found.next_step.startswith("Read l")


def test_the_setting_names_another_boxes_engine(settings: Settings) -> None:
    other = replace(settings, engine_url="http://10.0.0.5:4200/api/")
    assert engine_of(other).url == "http://10.0.0.5:4200/api"
