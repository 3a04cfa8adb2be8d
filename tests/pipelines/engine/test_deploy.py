"""The unit files and the compose file: the commands in them exist, and the compose file fits the published schema.

`compose_spec.json` is the Compose Specification's schema as docker-compose 1.29.2 ships it (Docker Inc, Apache-2.0),
byte for byte.
"""

from __future__ import annotations

import configparser
import copy
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from pipelines.cli import app

DEPLOY = Path(__file__).parents[3] / "docs" / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SCHEMA = Draft7Validator(json.loads((Path(__file__).parent / "compose_spec.json").read_text()))


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


def test_the_compose_file_fits_the_published_schema(compose: dict[str, Any]) -> None:
    assert [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(compose)] == []
    assert compose["services"]["box"]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL", "NONE")
    assert compose["services"]["box"]["restart"] in ("no", "always", "on-failure", "unless-stopped")


@pytest.mark.parametrize(
    ("key", "value"),
    [("imagge", "x"), ("command", {"a": 1}), ("healthcheck", {"testt": ["CMD"]}), ("volumes", "data:/data")],
)
def test_the_schema_would_see_a_mistake(compose: dict[str, Any], key: str, value: Any) -> None:
    wrong = copy.deepcopy(compose)
    wrong["services"]["box"][key] = value
    assert list(SCHEMA.iter_errors(wrong))


def test_the_compose_file_publishes_nothing_and_starts_commands_that_exist(compose: dict[str, Any]) -> None:
    (box,) = compose["services"].values()
    assert "ports" not in box and box["network_mode"] == "host"
    takes(box["command"][1:])
    takes(box["healthcheck"]["test"][2:])
    named = {volume.split(":")[0] for volume in box["volumes"] if isinstance(volume, str)}
    assert named <= set(compose["volumes"])
