"""TOML into dataclasses: what is taken, and how each mistake is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from factory_gen.errors import InputRefused, NoDevice, UsageError
from pipelines.config_file import build, read_toml


@dataclass(frozen=True)
class Flow:
    steps: int = 3
    rate: float = 1.0
    kind: Literal["a", "b"] = "a"
    size: tuple[int, int] = (1, 2)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps = {self.steps}, must be at least 1")
        if self.steps > 99:
            raise NoDevice(expected="at most 99 steps", found=str(self.steps), action="Lower it.")


@dataclass(frozen=True)
class Recipe:
    name: str
    flow: Flow = Flow()
    out: Path | None = None
    guidance: float | Literal["auto"] = "auto"
    weights: dict[str, float] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    flip: bool = False
    stages: tuple[Flow, ...] = ()


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"name": "x"}, Recipe("x")),
        (
            {"name": "x", "flow": {"steps": 4, "rate": 2, "size": [3, 4]}},
            Recipe("x", Flow(4, 2.0, "a", (3, 4))),
        ),
        ({"name": "x", "out": "a/b"}, Recipe("x", out=Path("a/b"))),
        ({"name": "x", "guidance": 2}, Recipe("x", guidance=2.0)),
        ({"name": "x", "guidance": "auto"}, Recipe("x")),
        (
            {"name": "x", "weights": {"crack": 1, "break": 0.5}},
            Recipe("x", weights={"crack": 1.0, "break": 0.5}),
        ),
        ({"name": "x", "kinds": []}, Recipe("x")),
        (
            {"name": "x", "kinds": ["crack", "fray"], "flip": True},
            Recipe("x", kinds=("crack", "fray"), flip=True),
        ),
        ({"name": "x", "stages": [{"steps": 2}, {}]}, Recipe("x", stages=(Flow(2), Flow()))),
    ],
)
def test_build_takes(mapping: dict[str, Any], expected: Recipe) -> None:
    built = build(Recipe, mapping, where="recipe")
    assert built == expected
    assert isinstance(built.flow.rate, float)


@pytest.mark.parametrize(
    ("mapping", "path", "hint"),
    [
        ({"nmae": "x"}, "recipe.nmae", "Did you mean `name`?"),
        ({"name": "x", "flow": {"stesp": 1}}, "recipe.flow.stesp", "Did you mean `steps`?"),
        ({"name": "x", "zzzzz": 1}, "recipe.zzzzz", "Remove it."),
        ({}, "recipe.name", "Add `name"),
        ({"name": 3}, "text for recipe.name", "found 3"),
        ({"name": "x", "flow": 3}, "a table of keys and values", "found 3"),
        ({"name": "x", "flow": {"steps": 1.5}}, "a whole number for recipe.flow.steps", "1.5"),
        ({"name": "x", "flow": {"steps": True}}, "a whole number for recipe.flow.steps", "True"),
        ({"name": "x", "flow": {"rate": float("nan")}}, "a finite number for recipe.flow.rate", "nan"),
        ({"name": "x", "flow": {"rate": float("inf")}}, "a finite number for recipe.flow.rate", "inf"),
        ({"name": "x", "flow": {"rate": "fast"}}, "a number for recipe.flow.rate", "'fast'"),
        ({"name": "x", "flow": {"kind": "c"}}, "one of 'a', 'b' for recipe.flow.kind", "'c'"),
        ({"name": "x", "flow": {"size": [1]}}, "a list of 2 values for recipe.flow.size", "[1]"),
        ({"name": "x", "flow": {"size": [1, "b"]}}, "recipe.flow.size[1]", "'b'"),
        ({"name": "x", "flow": {"steps": 0}}, "recipe.flow", "steps = 0, must be at least 1"),
        ({"name": "x", "flow": {"steps": 100}}, "recipe.flow: at most 99 steps", "Lower it."),
        ({"name": "x", "stages": [{}, {"steps": "2"}]}, "recipe.stages[1].steps", "'2'"),
        ({"name": "x", "guidance": "much"}, "a number or 'auto' for recipe.guidance", "'much'"),
        ({"name": "x", "weights": {"crack": "1"}}, "recipe.weights.crack", "'1'"),
        ({"name": "x", "weights": []}, "a table of keys and values for recipe.weights", "[]"),
        ({"name": "x", "kinds": "crack"}, "a list for recipe.kinds", "'crack'"),
        ({"name": "x", "flip": 1}, "true or false for recipe.flip", "found 1"),
    ],
)
def test_build_refuses_and_names_the_place(mapping: dict[str, Any], path: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(Recipe, mapping, where="recipe")
    assert path in str(caught.value)
    assert hint in str(caught.value)


def test_read_toml_gives_tables(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('name = "x"\n[flow]\nsteps = 2\n', encoding="utf-8")
    assert read_toml(file) == {"name": "x", "flow": {"steps": 2}}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"name = \n", "line 1"),
        (b"a = 1\na = 2\n", "line 2"),
        (b"\xff\xfe", "not UTF-8"),
        (None, "No such file"),
    ],
)
def test_read_toml_refuses(tmp_path: Path, content: bytes | None, found: str) -> None:
    file = tmp_path / "a.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        read_toml(file)
    assert found in str(caught.value)
    assert str(file) in str(caught.value)
