"""The command line as a whole: help, start-up, refusals, exit codes, and who writes to which stream."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from data_registry import errors as registry_errors
from factory_gen import errors as method_errors
from pipelines import errors as job_errors
from pipelines.cli import app, main
from pipelines.commands.demo import _home_of_its_own
from pipelines.commands.help import EPILOG, EXAMPLES, EXIT_CODES

HEAVY = ("torch", "mlflow", "diffusers", "sqlalchemy", "cv2", "scipy", "pandas", "numpy", "streamlit")


def command_names() -> list[str]:
    """Every command and group, `""` for the program itself."""
    names = [""]
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        names.append(name)
        names += [f"{name} {inner}" for inner in getattr(command, "commands", {})]
    return names


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The program as a user starts it."""
    line = [sys.executable, "-m", "pipelines.cli", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("name", command_names())
def test_help_starts_with_examples_and_ends_with_exit_codes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*name.split(), "--help"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0] == "Examples:"
    assert lines[1].strip() == EXAMPLES[name][0]
    assert " ".join(shown.out.split()).endswith(EPILOG)
    assert shown.err == ""


def test_every_command_has_examples_and_none_is_left_over() -> None:
    assert set(EXAMPLES) == set(command_names())


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_a_call_that_the_program_takes(line: str) -> None:
    words = [word for word in shlex.split(line.split("   ")[0]) if not word.startswith("FACTORY_GEN_")]
    assert words.pop(0) == "factory-gen"
    command = typer.main.get_command(app)
    context = command.make_context("factory-gen", [])
    while hasattr(command, "resolve_command"):
        _, command, words = command.resolve_command(context, words)
    command.make_context(command.name, words, parent=context)


def test_without_arguments_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Examples:")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip().count(".") == 2


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pipelines.cli import main; main(['--help']); "
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    # one second is the promise on an idle machine; this one may be running other tests
    assert time.monotonic() - began < 5


def classes(module: object) -> list[type[Exception]]:
    return [kind for kind in vars(module).values() if isinstance(kind, type) and hasattr(kind, "exit_code")]


def test_every_error_ends_with_a_documented_code() -> None:
    kinds = [kind for module in (method_errors, registry_errors, job_errors) for kind in classes(module)]
    assert len(kinds) > 15
    assert {kind.exit_code for kind in kinds} <= set(EXIT_CODES)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("trian", 2, "No such command 'trian'"),
        ("config", 2, "Missing command"),
        ("config show --devise cpu", 2, "--device"),
        ("config show --device gpu", 2, "one of 'auto', 'cpu', 'cuda'"),
        ("config show --threads two", 2, "valid integer"),
        ("config show --threads 5000", 2, "between 0 and 1024"),
        ("train --budget 20", 2, "20m, 90s or 1h30m"),
        ("train --budget soon", 2, "'soon'"),
        ("train --view sideways", 2, "'sideways'"),
        ("generate --count 0", 2, "--count': Input should be greater than or equal to 1"),
        ("generate --seed -1", 2, "--seed"),
        ("generate --steps many", 2, "valid integer"),
        ("export --format mvtec", 2, "--out"),
        ("inpaint", 2, "Missing argument"),
        ("verify --sample-bytes 1.5", 2, "less than or equal to 1"),
        ("bench registry --rows 0", 2, "--rows"),
        ("status --home /proc/none", 5, "/proc/none"),
    ],
)
def test_a_wrong_call_is_refused_in_words(
    line: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(line)) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"(exit code {code})" in shown.err
    assert said in shown.err
    for label in ("expected  ", "found  ", "what to do  "):
        assert label in shown.err
    assert "Traceback" not in shown.err


def test_a_refusal_is_json_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--budget", "20", "--json"]) == 2
    shown = capsys.readouterr()
    facts = json.loads(shown.err)
    assert facts["error"] == "UsageError"
    assert facts["exit_code"] == 2
    assert set(facts) == {"error", "exit_code", "expected", "found", "action"}


def test_config_show_tells_origins(tmp_path: Path) -> None:
    (tmp_path / "factory_gen.toml").write_text('part = "tile"\nthreads = 1\n')
    environ = {**os.environ, "FACTORY_GEN_THREADS": "2"}
    done = run("config", "show", "--home", "h", "--json", cwd=tmp_path, env=environ)
    shown = json.loads(done.stdout)
    assert shown["home"] == {"value": str(tmp_path / "h"), "origin": "flag"}
    assert shown["threads"] == {"value": "2", "origin": "environment"}
    assert shown["part"]["origin"] == f"project file {tmp_path / 'factory_gen.toml'}"
    assert not (tmp_path / "h").exists(), "looking at settings must make nothing"
    table = run("config", "show", cwd=tmp_path, env=environ)
    assert [line.split()[0] for line in table.stdout.splitlines() if "environment" in line] == ["threads"]


def test_an_unknown_setting_is_refused_and_the_nearest_named(tmp_path: Path) -> None:
    (tmp_path / "factory_gen.toml").write_text('hoem = "x"\n')
    done = run("status", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean `home`?" in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as stdout:
        line = [sys.executable, "-m", "pipelines.cli", "config", "show"]
        done = subprocess.run(line, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_demo_leaves_the_users_registry_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _home_of_its_own(tmp_path / "out") == tmp_path / "out" / "home"
    monkeypatch.setenv("FACTORY_GEN_HOME", str(tmp_path / "chosen"))
    assert _home_of_its_own(tmp_path / "out") is None


def test_a_full_disk_behind_stdout_is_told() -> None:
    with open("/dev/full", "w") as stdout:
        line = [sys.executable, "-m", "pipelines.cli", "config", "show"]
        done = subprocess.run(line, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 8
    assert "a full disk" in done.stderr
    assert "Traceback" not in done.stderr
