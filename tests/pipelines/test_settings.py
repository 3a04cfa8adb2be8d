"""Settings: the order of the layers, their origins, and each refusal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from factory_gen.errors import FactoryGenError, InputRefused, UsageError
from pipelines.settings import LoadedSettings, Settings, follows_another_process, hide_password, load_settings


class Machine:
    """A project folder, a user folder and an environment to lay settings into."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        self.user = root / "user"
        self.environ: dict[str, str] = {}
        for folder in (self.project, self.user):
            folder.mkdir()

    def load(self, **flags: Any) -> LoadedSettings:
        return load_settings(flags, environ=self.environ, project_dir=self.project, user_dir=self.user)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def origin(loaded: LoadedSettings, name: str) -> str:
    return loaded.origins[name].split(" ")[0]


def test_defaults_lie_under_home(machine: Machine, tmp_path: Path) -> None:
    loaded = machine.load(home=tmp_path / "h")
    settings = loaded.settings
    assert settings.home == tmp_path / "h"
    assert settings.blobs_dir == tmp_path / "h" / "blobs"
    assert settings.models_dir == tmp_path / "h" / "models"
    assert settings.registry_url == f"sqlite:///{tmp_path}/h/registry.db"
    assert settings.mlflow_uri == f"sqlite:///{tmp_path}/h/mlflow/mlflow.db"
    assert loaded.origins["home"] == "flag"
    assert loaded.origins["blobs_dir"] == "default, under home"
    assert loaded.origins["device"] == "default"


def test_home_without_any_layer_is_the_users_data_folder(machine: Machine) -> None:
    assert machine.load().settings.home.name == "factory_gen"
    assert machine.load().settings.home.is_absolute()


def test_each_layer_wins_over_the_one_below(machine: Machine) -> None:
    assert origin(machine.load(), "device") == "default"
    (machine.user / "config.toml").write_text('device = "cuda"\nthreads = 1\npart = "user"\n')
    assert machine.load().settings.device == "cuda"
    assert origin(machine.load(), "device") == "user"
    (machine.project / "factory_gen.toml").write_text('device = "cpu"\nthreads = 2\n')
    assert machine.load().settings.device == "cpu"
    assert origin(machine.load(), "device") == "project"
    machine.environ["FACTORY_GEN_THREADS"] = "3"
    assert machine.load().settings.threads == 3
    assert origin(machine.load(), "threads") == "environment"
    loaded = machine.load(threads=4, device=None)
    assert (loaded.settings.threads, loaded.settings.device, loaded.settings.part) == (4, "cpu", "user")
    assert [origin(loaded, name) for name in ("threads", "device", "part")] == ["flag", "project", "user"]


def test_a_relative_path_belongs_to_its_file(machine: Machine) -> None:
    (machine.project / "factory_gen.toml").write_text('home = "here"\nblobs_dir = "../blobs"\n')
    settings = machine.load().settings
    assert settings.home == machine.project / "here"
    assert settings.blobs_dir == machine.project.parent / "blobs"
    assert settings.models_dir == machine.project / "here" / "models"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("0", False), ("FALSE", False), ("1", True)])
def test_environment_says_true_or_false(machine: Machine, text: str, value: bool) -> None:
    machine.environ["FACTORY_GEN_TRACKING"] = text
    assert machine.load().settings.tracking is value


@pytest.mark.parametrize(
    ("environ", "project", "flags", "said"),
    [
        ({"FACTORY_GEN_HOEM": "x"}, "", {}, "Did you mean `FACTORY_GEN_HOME`?"),
        ({"FACTORY_GEN_THREADS": "two"}, "", {}, "a whole number for FACTORY_GEN_THREADS"),
        ({"FACTORY_GEN_THREADS": "２"}, "", {}, "a whole number for FACTORY_GEN_THREADS"),
        ({"FACTORY_GEN_THREADS": "-1"}, "", {}, "a whole number"),
        ({"FACTORY_GEN_TRACKING": "maybe"}, "", {}, "true or false for FACTORY_GEN_TRACKING"),
        ({"FACTORY_GEN_DEVICE": "tpu"}, "", {}, "one of 'auto', 'cpu', 'cuda'"),
        ({}, "divice = 'cpu'", {}, "Did you mean `device`?"),
        ({}, "threads = '2'", {}, "factory_gen.toml: threads"),
        ({}, "threads = 5000", {}, "settings.threads between 0 and 1024"),
        ({}, "", {"device": "gpu"}, "flag --device"),
        ({}, "", {"colour": "red"}, "flag --colour"),
    ],
)
def test_wrong_values_are_refused_with_their_origin(
    machine: Machine, environ: dict[str, str], project: str, flags: dict[str, Any], said: str
) -> None:
    machine.environ |= environ
    (machine.project / "factory_gen.toml").write_text(project)
    with pytest.raises(UsageError) as caught:
        machine.load(**flags)
    assert said in str(caught.value)


def test_other_variables_are_left_alone(machine: Machine) -> None:
    machine.environ |= {"HOME": "/", "FACTORY_GEN_TEST_POSTGRES_URL": "x", "FACTORYGEN_HOME": "y"}
    assert origin(machine.load(), "home") == "default"


def test_a_broken_file_is_named(machine: Machine) -> None:
    (machine.user / "config.toml").write_text("device = ")
    with pytest.raises(InputRefused, match=r"config\.toml"):
        machine.load()


def test_a_password_in_a_file_that_all_can_read_is_refused(machine: Machine) -> None:
    file = machine.project / "factory_gen.toml"
    file.write_text('registry_url = "postgresql+psycopg://me:geheim@localhost/x"\n')
    file.chmod(0o644)
    with pytest.raises(InputRefused) as caught:
        machine.load()
    assert "chmod 600" in str(caught.value)
    assert "geheim" not in str(caught.value)
    file.chmod(0o600)
    rows = {name: value for name, value, _ in machine.load().rows()}
    assert rows["registry_url"] == "postgresql+psycopg://me:***@localhost/x"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:secret@host:5432/db", "postgresql+psycopg://me:***@host:5432/db"),
        ("postgresql+psycopg://me@host/db", "postgresql+psycopg://me@host/db"),
        ("postgresql+psycopg://me:p@ss@host/db", "postgresql+psycopg://me:***@host/db"),
        ("postgresql://host/db?user=me&password=secret&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("sqlite:////data/registry.db", "sqlite:////data/registry.db"),
        ("plain text", "plain text"),
    ],
)
def test_hide_password(url: str, shown: str) -> None:
    assert hide_password(url) == shown


def test_rows_name_every_setting(machine: Machine) -> None:
    assert [name for name, _, _ in machine.load().rows()] == list(Settings.__dataclass_fields__)


def test_error_of_a_bad_number_can_be_acted_on(machine: Machine) -> None:
    with pytest.raises(FactoryGenError) as caught:
        machine.load(threads=-1)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("rank", "follows"), [(None, False), ("0", False), ("", False), ("1", True), ("7", True)]
)
def test_a_process_that_follows_another(
    rank: str | None, follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert follows_another_process() is follows


def test_quiet_environment_in_a_fresh_process() -> None:
    code = (
        "import os; from pipelines.settings import quiet_environment; quiet_environment();"
        "print(*(os.environ[name] for name in ('NO_ALBUMENTATIONS_UPDATE', 'HF_HUB_OFFLINE',"
        "'MLFLOW_DISABLE_TELEMETRY', 'MLFLOW_SERVER_ENABLE_JOB_EXECUTION', 'DO_NOT_TRACK')))"
    )
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "false", "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert done.stdout.split() == ["1", "1", "true", "false", "1"]
