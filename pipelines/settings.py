"""Where things are on this machine: one frozen object, and where each of its values came from.

A flag wins over an environment variable (`FACTORY_GEN_` and the name in capitals), which wins over the project's
file (`factory_gen.toml` in the working folder), then the user's file, then the default. This is the only file of
the product that reads or sets environment variables.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_type_hints
from urllib.parse import urlsplit, urlunsplit

import platformdirs

from factory_gen.errors import InputRefused, UsageError
from pipelines.config_file import convert, read_toml, unknown_key

PREFIX = "FACTORY_GEN_"
TEST_PREFIX = "FACTORY_GEN_TEST_"  # variables that the test suite reads; not settings
WORKER_DEVICE = "FACTORY_WORKER_DEVICE"  # set by the box for the jobs of one worker; not a setting
PROJECT_FILE = "factory_gen.toml"
USER_FILE = "config.toml"

_UNDER_HOME = ("registry_url", "blobs_dir", "models_dir", "mlflow_uri")

QUIET = {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are and how much of the machine to use. What to compute is a recipe's business.

    Attributes:
        home: the folder that holds everything below unless one of them is set apart.
        registry_url: SQLAlchemy URL of the registry, SQLite or PostgreSQL.
        blobs_dir: stored image and mask bytes, by SHA-256.
        blobs_url: where boxes share them, any address that fsspec knows (`s3://bucket/folder`); `blobs_dir` then is
            this box's copy. Empty for `blobs_dir` alone.
        models_dir: model versions, one folder each.
        mlflow_uri: MLflow's store.
        engine_url: the job engine's interface; empty looks for the box that runs under home.
        tracking: whether trainings are written to MLflow.
        part: the part to use when a command names none; empty for no choice.
        device: where networks run; `auto` takes a GPU when there is one.
        threads: CPU threads for the networks; 0 leaves the choice to torch.
        log_level: how much the libraries may say on stderr.
    """

    home: Path
    registry_url: str
    blobs_dir: Path
    models_dir: Path
    mlflow_uri: str
    blobs_url: str = ""
    engine_url: str = ""
    tracking: bool = True
    part: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 0
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    def __post_init__(self) -> None:
        if not 0 <= self.threads <= 1024:
            raise UsageError(
                expected="settings.threads between 0 and 1024", found=str(self.threads), action="Correct it."
            )

    @property
    def mlflow_dir(self) -> Path:
        """MLflow's database and artifacts."""
        return self.home / "mlflow"

    @property
    def locks_dir(self) -> Path:
        """Lock files: one job at a time for each part."""
        return self.home / "locks"

    @property
    def logs_dir(self) -> Path:
        """Reports of unexpected failures."""
        return self.home / "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """Settings, and for each of them the layer that its value came from."""

    settings: Settings
    origins: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Name, value as text with passwords hidden, and origin of each setting."""
        for field in fields(Settings):
            value = str(getattr(self.settings, field.name))
            yield field.name, hide_password(value), self.origins[field.name]


def load_settings(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    project_dir: Path | None = None,
    user_dir: Path | None = None,
) -> LoadedSettings:
    """Lays the layers over each other.

    Args:
        flags: what the command line says; None means not given.
        environ: the environment; the process's own by default.
        project_dir: where `factory_gen.toml` may lie; the working folder by default.
        user_dir: where the user's `config.toml` may lie; the platform's place by default.

    Raises:
        UsageError: an unknown name or a value of a wrong type, with its origin.
        InputRefused: a file that cannot be read, or that shows a password to every user of the machine.
    """
    environ = os.environ if environ is None else environ
    project_file = (Path.cwd() if project_dir is None else project_dir) / PROJECT_FILE
    user_file = (platformdirs.user_config_path("factory_gen") if user_dir is None else user_dir) / USER_FILE
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    layers = [
        (_from_file(user_file), f"user file {user_file}"),
        (_from_file(project_file), f"project file {project_file}"),
        (_from_environment(environ), "environment"),
        (
            {
                name: _checked(name, value, f"flag --{name}")
                for name, value in flags.items()
                if value is not None
            },
            "flag",
        ),
    ]
    for layer, origin in layers:
        values |= layer
        origins |= dict.fromkeys(layer, origin)
    derived = dict.fromkeys(_UNDER_HOME, "default, under home")
    defaults = {field.name: "default" for field in fields(Settings)}
    return LoadedSettings(settings=_complete(values), origins=defaults | derived | origins)


def quiet_environment(settings: Settings | None = None) -> None:
    """Turns telemetry, update checks and hub look-ups off for this process; call before the heavy imports.

    A value that the user has set in the environment is kept, save those that would open a connection.
    """
    os.environ.update(QUIET)
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    if settings is not None and settings.threads:
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables from which `load_settings` makes the same settings again, for a process that is started."""
    texts = {field.name: str(getattr(settings, field.name)) for field in fields(Settings)}
    return {PREFIX + name.upper(): text for name, text in texts.items() if text}


def child_environment(changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with changes, for a process that is started."""
    return {**os.environ, **QUIET, **changes}


def worker_device() -> str:
    """The device that the worker which started this process stands for, `cpu` or `gpu0`, ..."""
    return os.environ.get(WORKER_DEVICE, "cpu")


def follows_another_process() -> bool:
    """Whether a launcher has started this process beside a first one, which then speaks and writes for all."""
    return os.environ.get("RANK", "0") not in ("", "0")


def hide_password(text: str) -> str:
    """The same text, a password in a URL replaced by stars."""
    text = re.sub(r"([?&]password=)[^&]*", r"\1***", text)
    parts = urlsplit(text)
    if not parts.password:
        return text
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@", 1)))


def _complete(values: dict[str, Any]) -> Settings:
    home = _absolute(values.get("home", platformdirs.user_data_path("factory_gen")), Path.cwd())
    places: dict[str, Any] = {
        "home": home,
        "registry_url": f"sqlite:///{home / 'registry.db'}",
        "blobs_dir": home / "blobs",
        "models_dir": home / "models",
        "mlflow_uri": f"sqlite:///{home / 'mlflow' / 'mlflow.db'}",
    }
    return Settings(**(places | values | {"home": home}))


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    known = {field.name for field in fields(Settings)}
    found: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable.startswith(TEST_PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            raise unknown_key(variable, variable, [PREFIX + known_name.upper() for known_name in known])
        found[name] = _checked(name, _parsed(name, text), variable)
    return found


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    hints = get_type_hints(Settings)
    found: dict[str, Any] = {}
    for name, value in read_toml(path).items():
        if name not in hints:
            raise unknown_key(f"{path}: {name}", name, hints)
        found[name] = _checked(name, value, f"{path}: {name}", base=path.parent)
    _guard_secrets(path, found)
    return found


def _checked(name: str, value: Any, where: str, *, base: Path | None = None) -> Any:
    hint = get_type_hints(Settings).get(name)
    if hint is None:
        raise unknown_key(where, name, get_type_hints(Settings))
    if isinstance(value, Path):
        value = str(value)
    value = convert(value, hint, where=where)
    return _absolute(value, base or Path.cwd()) if isinstance(value, Path) else value


def _parsed(name: str, text: str) -> Any:
    hint = get_type_hints(Settings)[name]
    if hint is int and text.strip().isascii() and text.strip().isdigit():
        return int(text)
    if hint is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
    return text


def _absolute(path: Path, base: Path) -> Path:
    return Path(os.path.abspath(base / path.expanduser()))


def _guard_secrets(path: Path, found: Mapping[str, Any]) -> None:
    secret = any(isinstance(value, str) and hide_password(value) != value for value in found.values())
    if secret and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        raise InputRefused(
            expected=f"{path} readable by its owner alone, since it holds a password",
            found=f"access rights {stat.filemode(path.stat().st_mode)}",
            action=f"Run `chmod 600 {path}`, or give the URL in {PREFIX}REGISTRY_URL.",
        )
