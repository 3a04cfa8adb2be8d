"""Recipes: complete runs as TOML, by name (beside this file) or by path."""

from __future__ import annotations

from pathlib import Path

from factory_gen.errors import InputRefused
from factory_gen.sampler.recipe import Recipe
from pipelines.config_file import build, read_toml

FOLDER = Path(__file__).parent / "recipes"


def recipe_names() -> list[str]:
    """Names of the recipes that come with the product."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """Read a recipe by name or from a file.

    Raises:
        InputRefused: neither a known name nor a file.
        UsageError: an unknown key or a value out of range, named with its path.
    """
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file():
        raise InputRefused(
            expected=f"a recipe: {', '.join(recipe_names())}, or the path of a TOML file",
            found=name,
            action="Choose one of the names, or check the path.",
        )
    mapping = dict(read_toml(path))
    mapping.setdefault("name", path.stem)
    return build(Recipe, mapping, where=path.name)
