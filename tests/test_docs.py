"""The documentation against the code: commands, settings, recipes, links, file names, make targets."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.commands.reference import pages, write
from pipelines.settings import Settings

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCE_NAME = re.compile(r"`((?:factory_gen|data_registry|pipelines|tests|docs)/[\w./-]+)`")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_lines(page: Path) -> Iterator[str]:
    """The lines of the page's shell blocks, continued lines joined, comments and variables cut off."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), flags=re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("name", sorted(pages()))
def test_reference_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text() == pages()[name], "run `make docs`"


def test_writing_the_reference(tmp_path: Path) -> None:
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(pages())


@pytest.mark.parametrize("setting", [field.name for field in fields(Settings)])
def test_every_setting_is_documented_with_its_meaning(setting: str) -> None:
    (row,) = re.findall(rf"^\| `{setting}` \|.*$", pages()["settings.md"], flags=re.MULTILINE)
    assert f"`FACTORY_GEN_{setting.upper()}`" in row
    assert len(row.split("|")[-2]) > 10


def test_every_command_and_option_is_documented() -> None:
    page = pages()["cli.md"]
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for inner_name, inner in getattr(command, "commands", {"": command}).items():
            section = page.split(f"## `factory-gen {f'{name} {inner_name}'.strip()}`\n")[1].split("\n## ")[0]
            for option in inner.params:
                shown = option.opts[0] if option.param_type_name == "option" else option.name.upper()
                assert f"`{shown}`" in section


def test_every_recipe_key_is_documented() -> None:
    page = pages()["recipes.md"]
    for word in (
        "prior_scale",
        "inverse-variance",
        "`learning_rate` | `0.002` | learning rate of the training",
    ):
        assert word in page
    assert not re.findall(r"^\| `\w+` \|[^|]*\|\s*\|$", page, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_named_in_the_text_exist(page: Path) -> None:
    assert [name for name in SOURCE_NAME.findall(page.read_text()) if not (ROOT / name).exists()] == []


def test_the_method_page_names_its_files() -> None:
    named = set(SOURCE_NAME.findall((ROOT / "docs" / "method.md").read_text()))
    rooms = {
        "autoencoder",
        "prior",
        "flow",
        "matching",
        "matching/solvers",
        "sampler",
        "composite",
        "metrics",
    }
    assert rooms <= {str(Path(name).parent.relative_to("factory_gen")) for name in named}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_make_targets_in_the_text_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {word for line in code_lines(page) for word in re.findall(r"\bmake ([a-z]+)", line)}
    named |= set(re.findall(r"`make ([a-z]+)`", page.read_text()))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_in_the_text_are_calls_that_the_program_takes(page: Path) -> None:
    for line in code_lines(page):
        words = shlex.split(line, comments=True)
        if "factory-gen" not in words[:2]:
            continue
        words = words[words.index("factory-gen") + 1 :]
        command = typer.main.get_command(app)
        context = command.make_context("factory-gen", [])
        while hasattr(command, "resolve_command"):
            _, command, words = command.resolve_command(context, words)
        command.make_context(command.name, words, parent=context)


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [page.parent / target for target in re.findall(r"\]\(([^)#:\s]+)", page.read_text())]
    assert {page for page in PAGES if page.parent != ROOT} <= reached


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    assert re.findall(r"(?<![\w.~}])/(?:work|farm|root|tmp|home/\w+)/\w", page.read_text()) == []


def test_make_help_lists_each_word() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for word in ("setup", "demo", "test", "check", "lock", "clean"):
        assert f"make {word} " in shown.stdout
