"""The house rules that neither the linter nor the type checker sees.

Each rule is a function that lists offences, and is itself tried on a planted offence.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
PACKAGES = ("factory_gen", "data_registry", "pipelines", "ui")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 60
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "tools"}
LEFT_OVERS = ("TO" + "DO", "FIX" + "ME", "raise Not" + "ImplementedError")
READS_ENVIRONMENT = Path("pipelines/settings.py")

Rule = Callable[[Path, str], list[str]]


def too_long(path: Path, text: str) -> list[str]:
    """Files over 300 lines, functions whose code (signature and docstring apart) is over 60."""
    found = [f"{path}: {len(text.splitlines())} lines"] if len(text.splitlines()) > LONGEST_FILE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = len(node.body) > 1 and ast.get_docstring(node) is not None
            lines = (node.end_lineno or node.lineno) - node.body[documented].lineno + 1
            if lines > LONGEST_FUNCTION:
                found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    return found


def empty_name(path: Path, text: str) -> list[str]:
    """Rooms and files whose name says nothing of what is in them."""
    words = {word for part in path.with_suffix("").parts for word in part.split("_")}
    return [f"{path}: {word}" for word in sorted(words & EMPTY_WORDS)]


def re_export(path: Path, text: str) -> list[str]:
    """An `__init__.py` with more than a docstring: import the defining file instead."""
    if path.name != "__init__.py":
        return []
    return [
        f"{path}:{node.lineno}"
        for node in ast.parse(text).body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def reads_environment(path: Path, text: str) -> list[str]:
    """`os.environ` or `os.getenv` anywhere but in the settings."""
    if path == READS_ENVIRONMENT:
        return []
    names = {"environ", "getenv", "putenv", "environb"}
    found = []
    for node in ast.walk(ast.parse(text)):
        attribute = isinstance(node, ast.Attribute) and node.attr in names
        imported = (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and bool({a.name for a in node.names} & names)
        )
        if attribute or imported:
            found.append(f"{path}:{node.lineno}")
    return found


def left_over(path: Path, text: str) -> list[str]:
    """Work that somebody meant to do later."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{path}:{number}" for number, line in lines for word in LEFT_OVERS if word in line]


def unpickles(path: Path, text: str) -> list[str]:
    """Loading that can execute what it loads: a model comes from safetensors and JSON only."""
    found = []
    for node in ast.walk(ast.parse(text)):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [
            f"{path}:{node.lineno}" for name in modules if name.split(".")[0] in {"pickle", "joblib", "dill"}
        ]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            safe = any(
                word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in node.keywords
            )
            found += [] if safe else [f"{path}:{node.lineno}"]
    return found


RULES: list[Rule] = [too_long, empty_name, re_export, reads_environment, left_over, unpickles]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_source_file_breaks_the_rule(rule: Rule) -> None:
    assert len(SOURCES) > 30
    offences = [offence for path in SOURCES for offence in rule(path.relative_to(ROOT), path.read_text())]
    assert offences == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (too_long, "a/b.py", "x = 1\n" * 301),
        (too_long, "a/b.py", 'def f():\n    """Doc."""\n' + "    x = 1\n" * 61),
        (empty_name, "factory_gen/utils/masks.py", ""),
        (empty_name, "factory_gen/mask_helpers.py", ""),
        (re_export, "factory_gen/__init__.py", '"""Doc."""\nfrom factory_gen.errors import UsageError\n'),
        (re_export, "factory_gen/__init__.py", "__all__ = []\n"),
        (reads_environment, "pipelines/train.py", "import os\nhome = os.environ['HOME']\n"),
        (reads_environment, "pipelines/train.py", "from os import getenv\n"),
        (left_over, "a.py", "# " + LEFT_OVERS[0] + ": later\n"),
        (left_over, "a.py", LEFT_OVERS[2] + "\n"),
        (unpickles, "a.py", "import pickle\n"),
        (unpickles, "a.py", "import torch\ntorch.load('x.pt')\n"),
        (unpickles, "a.py", "import torch\ntorch.load('x.pt', weights_only=False)\n"),
    ],
)
def test_a_planted_offence_is_found(rule: Rule, path: str, text: str) -> None:
    assert len(rule(Path(path), text)) == 1


def test_the_settings_may_read_the_environment() -> None:
    text = (ROOT / READS_ENVIRONMENT).read_text()
    assert reads_environment(READS_ENVIRONMENT, text) == []
    assert reads_environment(Path("pipelines/other.py"), text) != []


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", cache_dir=None, is_debug_mode=False) == 0


def test_an_import_against_the_stream_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("low", "high"):
        (tmp_path / f"planted_{name}").mkdir()
        (tmp_path / f"planted_{name}" / "__init__.py").write_text("")
    (tmp_path / "planted_low" / "a.py").write_text("import planted_high\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["planted_low", "planted_high"]\n'
        '[[tool.importlinter.contracts]]\nname = "one way"\ntype = "layers"\nlayers = ["planted_high", "planted_low"]\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert lint_imports(config_filename="pyproject.toml", cache_dir=None, is_debug_mode=False) == 1


def test_every_package_room_has_tests() -> None:
    rooms = {path.parent.relative_to(ROOT) for path in SOURCES if path.name != "__init__.py"}
    rooms -= {Path("data_registry/migrations"), Path("data_registry/migrations/versions")}
    untested = [room for room in sorted(rooms) if not list((ROOT / "tests" / room).glob("test_*.py"))]
    assert untested == []
