"""Requests of jobs: what is accepted, what two equal ones share, and what a person may type."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from factory_gen.errors import UsageError
from pipelines.engine.calls import CALLS
from pipelines.engine.kinds import KINDS, as_facts, facts_from_words, key_of, kind_of, read_request
from pipelines.inspection.options import GateOptions
from pipelines.intake.options import IngestOptions
from pipelines.operation.retrain_steps import RetrainOptions

LEAST: dict[str, dict[str, Any]] = {
    "ingest": {"part": "tile", "source": "/data/tiles"},
    "train": {"part": "tile"},
    "generate": {"part": "tile"},
    "gate": {"part": "tile"},
    "export": {"part": "tile", "format": "mvtec", "out": "/data/out"},
    "retrain": {"part": "tile"},
    "monitor": {"part": "tile"},
    "bench": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_survives_its_way_to_the_engine(kind: str) -> None:
    request = read_request(kind, LEAST[kind])
    travelled = read_request(kind, json.loads(json.dumps(as_facts(request))))
    assert travelled == request
    assert key_of(kind, travelled) == key_of(kind, request)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_call(kind: str) -> None:
    assert kind in CALLS
    assert kind in LEAST


@pytest.mark.parametrize(
    ("kind", "module"), [(kind, kind) for kind in ("train", "generate", "export", "monitor")]
)
def test_every_field_is_an_argument_of_the_job(kind: str, module: str) -> None:
    from importlib import import_module

    accepted = inspect.signature(import_module(f"pipelines.{module}").run).parameters
    defaults = {name: argument.default for name, argument in accepted.items()}
    for field in fields(KINDS[kind].request):
        assert field.name in accepted
        if field.name not in ("part", "format", "out"):
            assert field.default == defaults[field.name], field.name


@pytest.mark.parametrize(
    ("kind", "options", "apart"),
    [
        ("ingest", IngestOptions, {"part", "source"}),
        ("gate", GateOptions, {"part", "version", "defect", "model"}),
        ("retrain", RetrainOptions, {"part", "data", "cause", "due_at", "started_by"}),
    ],
)
def test_every_other_field_is_an_option_of_the_job(kind: str, options: type, apart: set[str]) -> None:
    known = {field.name: field.default for field in fields(options)}  # type: ignore[arg-type]
    for field in fields(KINDS[kind].request):
        if field.name not in apart:
            assert known[field.name] == field.default


def test_a_default_left_out_and_one_given_are_the_same_request() -> None:
    short = read_request("generate", {"part": "tile"})
    full = read_request("generate", {"part": "tile", "seed": 0, "count": 16, "defect": None})
    assert key_of("generate", short) == key_of("generate", full)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [("train", {"part": "tile", "seed": 1}), ("train", {"part": "other"}), ("gate", {"part": "tile"})],
)
def test_another_request_has_another_key(kind: str, facts: dict[str, Any]) -> None:
    assert key_of(kind, read_request(kind, facts)) != key_of("train", read_request("train", {"part": "tile"}))


def test_a_path_is_made_absolute_where_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_request("ingest", {"part": "tile", "source": "tiles"}).source == tmp_path / "tiles"


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        (["--part", "tile"], {"part": "tile"}),
        (["--part=tile", "--seed", "7"], {"part": "tile", "seed": 7}),
        (["--part", "tile", "--budget", "20m"], {"part": "tile", "budget_s": 1200.0}),
        (["--from", "champion", "--part", "tile"], {"from_model": "champion", "part": "tile"}),
        (["--view", "whole"], {"view": "whole"}),
    ],
)
def test_typed_words(words: list[str], facts: dict[str, Any]) -> None:
    assert facts_from_words("train", words) == facts


def test_a_bare_word_is_the_source_of_an_ingest() -> None:
    assert facts_from_words("ingest", ["tiles", "--mm-per-pixel", "0.1"]) == {
        "source": "tiles",
        "mm_per_pixel": 0.1,
    }


@pytest.mark.parametrize(
    ("kind", "words", "says"),
    [
        ("train", ["--sed", "7"], "Did you mean `seed`?"),
        ("train", ["--seed"], "the end of the line"),
        ("train", ["--seed", "seven"], "a whole number"),
        ("generate", ["--guidance", "much"], "a number"),
        ("train", ["tile"], "--name value pairs"),
        ("train", ["--budget", "20"], "a duration"),
        ("trian", [], "Did you mean `train`?"),
    ],
)
def test_a_typed_word_that_is_none(kind: str, words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        facts_from_words(kind, words)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("train", {}),
        ("train", {"part": "tile", "epochs": 3}),
        ("train", {"part": "tile", "view": "half"}),
        ("train", {"part": "tile", "seed": "7"}),
        ("train", {"part": "tile", "budget_s": float("nan")}),
        ("generate", {"part": "tile", "count": 0}),
        ("bench", {"rows": 0}),
        ("retrain", {"part": "tile", "due_at": "2026-10-25T02:30:00"}),
        ("retrain", {"part": "tile", "due_at": "some day"}),
    ],
)
def test_a_request_that_is_refused(kind: str, facts: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        read_request(kind, facts)


def test_an_unknown_kind() -> None:
    with pytest.raises(UsageError, match="expected one of"):
        kind_of("paint")
