"""The unit files and the compose file: the commands in them exist, and the compose file keeps to its schema's rules."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from pipelines.cli import app

DEPLOY = Path(__file__).parents[3] / "docs" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
# the keys of the Compose Specification that this file uses -> the types that its schema allows
SERVICE_KEYS: dict[str, tuple[type, ...]] = {
    "image": (str,),
    "network_mode": (str,),
    "command": (list, str),
    "environment": (dict, list),
    "volumes": (list,),
    "restart": (str,),
    "stop_grace_period": (str,),
    "healthcheck": (dict,),
    "deploy": (dict,),
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def takes(words: list[str]) -> None:
    command = typer.main.get_command(app)
    context = command.make_context("factory-gen", [])
    _, found, rest = command.resolve_command(context, words)  # type: ignore[attr-defined]
    found.make_context(found.name, rest, parent=context)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(unit.read_text().replace("\\\n", " "))
    assert set(parsed.sections()) == {"Unit", "Service", "Install"}
    for key in ("ExecStart", "ExecStop"):
        words = shlex.split(parsed["Service"].get(key, ""))
        if words and words[0].endswith("factory-gen"):
            takes(words[1:])


def test_there_are_units_for_both_roles() -> None:
    assert {unit.name for unit in UNITS} >= {"factory-gen.service", "factory-gen-worker.service"}


def test_the_compose_file_has_only_keys_of_the_schema(compose: dict[str, Any]) -> None:
    assert set(compose) <= {"name", "services", "volumes", "networks", "secrets", "configs"}
    for service in compose["services"].values():
        for key, value in service.items():
            assert isinstance(value, SERVICE_KEYS[key]), key
        assert set(service["healthcheck"]) <= {"test", "interval", "timeout", "retries", "start_period"}
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL", "NONE")
        assert service["restart"] in ("no", "always", "on-failure", "unless-stopped")


def test_the_compose_file_publishes_nothing_and_starts_commands_that_exist(compose: dict[str, Any]) -> None:
    (box,) = compose["services"].values()
    assert "ports" not in box and box["network_mode"] == "host"
    takes(box["command"][1:])
    takes(box["healthcheck"]["test"][2:])
    named = {volume.split(":")[0] for volume in box["volumes"] if isinstance(volume, str)}
    assert named <= set(compose["volumes"])
