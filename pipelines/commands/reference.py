"""Writes the pages of docs/reference that the code itself knows.

Run as `python -m pipelines.commands.reference docs/reference` (`make docs`); a test fails when the pages are out of
date.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer

from pipelines.cli import app
from pipelines.commands.help import EXAMPLES, EXIT_CODES
from pipelines.settings import PREFIX, PROJECT_FILE, USER_FILE, Settings

_WORDS = {str: "text", Path: "path", int: "whole number", bool: "`true`, `false`"}
_NOTE = "<!-- written by `make docs`; edit the code instead -->"


def pages() -> dict[str, str]:
    """The pages by file name."""
    return {
        "cli.md": _commands_page(),
        "exit_codes.md": _exit_codes_page(),
        "settings.md": _settings_page(),
        "recipes.md": _recipes_page(),
    }


def write(folder: Path) -> None:
    """Writes all pages into the folder."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def _commands_page() -> str:
    lines = [
        _NOTE,
        "# Commands",
        "",
        (
            "Data goes to stdout, progress and errors to stderr. `--json` gives the same report to a program. "
            "Exit codes: [exit_codes.md](exit_codes.md)."
        ),
    ]
    for name, command in _commands():
        lines += ["", f"## `factory-gen {name}`", "", inspect.cleandoc(command.help or ""), ""]
        lines += ["```sh", *(_example(line) for line in EXAMPLES[name]), "```", ""]
        lines += ["| option | meaning | default |", "|---|---|---|"]
        lines += [_option_row(option) for option in command.params if option.name != "help"]
    return "\n".join(lines) + "\n"


def _commands() -> Iterator[tuple[str, Any]]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {child}", inner[child]) for child in inner)


def _example(line: str) -> str:
    call, _, comment = line.partition("   ")
    return f"{call}  # {comment.strip()}" if comment.strip() else call


def _option_row(option: Any) -> str:
    positional = option.param_type_name == "argument"
    names = option.name.upper() if positional else "`, `".join([*option.opts, *option.secondary_opts])
    return f"| `{names}` | {option.help or ''} | {_default_of(option)} |"


def _default_of(option: Any) -> str:
    if option.required:
        return "required"
    if option.default is None or option.default is False:
        return ""
    value = f"{option.default:.3g}" if isinstance(option.default, float) else option.default
    return "on" if value is True else f"`{value}`"


def _exit_codes_page() -> str:
    lines = [
        _NOTE,
        "# Exit codes",
        "",
        "Every refusal says what was expected, what was found and what to do, on stderr.",
        "",
    ]
    lines += ["| code | name | when |", "|---|---|---|"]
    lines += [f"| {code} | {name} | {when} |" for code, (name, when) in EXIT_CODES.items()]
    lines += [
        "",
        "With `--json` a refusal is one JSON object on stderr: `error`, `exit_code`, `expected`, `found`, `action`.",
    ]
    return "\n".join(lines) + "\n"


def _settings_page() -> str:
    lines = [
        _NOTE,
        "# Settings",
        "",
        (
            "Settings say where things are and how much of the machine to use; what to compute is in a "
            "[recipe](recipes.md). `factory-gen config show` prints each value and where it comes from."
        ),
        "",
        (
            f"A flag wins over an environment variable (`{PREFIX}` and the name in capitals), which wins over "
            f"`{PROJECT_FILE}` in the working folder, then `{USER_FILE}` in the user's configuration folder "
            "(`~/.config/factory_gen` on Linux), then the default. A relative path belongs to the file it stands in. "
            "An unknown name is refused, and so is a password in a file that other users can read."
        ),
        "",
        "| setting | variable | values | default | meaning |",
        "|---|---|---|---|---|",
    ]
    hints, meanings = get_type_hints(Settings), _meanings(Settings)
    for field in fields(Settings):
        choices = get_args(hints[field.name])
        values = ", ".join(f"`{choice}`" for choice in choices) or _WORDS[hints[field.name]]
        default = "under `home`" if field.default is MISSING else f"`{str(field.default).lower()}`"
        default = "the user's data folder" if field.name == "home" else default
        variable = PREFIX + field.name.upper()
        lines.append(f"| `{field.name}` | `{variable}` | {values} | {default} | {meanings[field.name]} |")
    lines += [
        "",
        "```toml",
        f"# {PROJECT_FILE}",
        'home = "plant_data"',
        'part = "tile"',
        "threads = 2",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _recipes_page() -> str:
    from factory_gen.sampler.recipe import Recipe

    lines = [
        _NOTE,
        "# Recipes",
        "",
        (
            "A recipe is a TOML file that says what to compute: `factory-gen train --recipe NAME|FILE`. The ones that "
            "come with the program lie in `pipelines/recipes`. A key that is left out takes the default below; an "
            "unknown key is refused and the nearest one named. The hash of the whole recipe is stored with each model "
            "version and each sample."
        ),
    ]
    for section, hint in get_type_hints(Recipe).items():
        if not is_dataclass(hint):
            continue
        lines += ["", f"## `[{section}]`", "", (inspect.getdoc(hint) or "").splitlines()[0], ""]
        lines += ["| key | default | meaning |", "|---|---|---|"]
        meanings = _meanings(hint)
        lines += [
            f"| `{field.name}` | {_toml(field.default)} | {meanings[field.name]} |" for field in fields(hint)
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _meanings(documented: Any) -> dict[str, str]:
    """The `Attributes:` of a class docstring by name; a line may speak for several names."""
    block = (inspect.getdoc(documented) or "").split("Attributes:\n", 1)[1].split("\n\n")[0]
    entries = re.findall(r"^    (\w[\w, ]*): (.*(?:\n     +.*)*)", block, flags=re.MULTILINE)
    named = [(name, " ".join(text.split())) for names, text in entries for name in names.split(", ")]
    return {
        name: f"{name.replace('_', ' ')} {text}" if text.startswith("of ") else text for name, text in named
    }


if __name__ == "__main__":
    write(Path(sys.argv[1]))
