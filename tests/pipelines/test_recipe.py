"""Recipes: those that come with the product load, unknown keys and bad values are named with their path."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_gen.errors import FactoryGenError
from pipelines.recipe import load_recipe, recipe_names


@pytest.mark.parametrize("name", ["tiny", "cpu", "gpu"])
def test_recipes_of_the_product_load_and_are_told_apart_by_their_hash(name: str) -> None:
    assert name in recipe_names()
    assert load_recipe(name).name == name
    others = {load_recipe(other).sha256 for other in recipe_names() if other != name}
    assert load_recipe(name).sha256 not in others


@pytest.mark.parametrize("name", ["tiny", "cpu", "gpu"])
def test_shares_of_the_budget_add_up_to_one(name: str) -> None:
    recipe = load_recipe(name)
    parts = (recipe.autoencoder, recipe.grain, recipe.prior, recipe.codes, recipe.flow)
    assert sum(part.share for part in parts) == pytest.approx(1.0, abs=0.05)


BAD = {
    "unknown section": ("[flows]\nsteps = 3", "flow"),
    "unknown key": ("[flow]\nstep = 3", "steps"),
    "no steps": ("[flow]\nsteps = 0", "steps"),
    "rate is not a number": ("[flow]\nlearning_rate = 'fast'", "learning_rate"),
    "width and heads": ("[flow]\nwidth = 100\nheads = 7", "heads"),
    "learned source without code": ("[flow]\nuse_code = false", "use_code"),
    "unknown weight": ("[flow]\nweight = 'all'", "inverse-variance"),
    "odd window": ("[windows]\nsize = 100", "multiple of 16"),
    "unknown move": ("[windows]\naugment = ['spin']", "flip-x"),
    "calls of the solver": ("[generate]\nsteps = 3", "multiple of 2"),
    "unknown precision": ("[training]\nprecision = 'fp8'", "bf16"),
    "not TOML": ("[flow", "TOML"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_recipe_names_the_place(tmp_path: Path, case: str) -> None:
    text, words = BAD[case]
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(FactoryGenError) as caught:
        load_recipe(str(path))
    assert words in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(FactoryGenError, match="tiny"):
        load_recipe("huge")
