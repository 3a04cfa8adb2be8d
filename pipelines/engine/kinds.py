"""The kinds of jobs, what each may be asked, and the key by which two equal requests are known as one.

A request is a frozen dataclass with the defaults of the job filled in, so that `--seed 0` and no seed are the same
request. It travels to the engine as JSON and is checked again where it is worked on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from factory_gen.errors import UsageError
from pipelines.commands.values import seconds
from pipelines.config_file import build, unknown_key


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """A folder or a zip, on the machine where the worker runs."""

    part: str
    source: Path
    layout: str = "auto"
    groups_file: Path | None = None
    group_pattern: str | None = None
    mm_per_pixel: float | None = None
    bit_depth: int | None = None
    mask_threshold: int | None = None


@dataclass(frozen=True, kw_only=True)
class Train:
    """A generator; `budget_s` are seconds for all its parts together."""

    part: str
    recipe: str = "cpu"
    budget_s: float | None = None
    from_model: str | None = None
    seed: int = 0
    view: Literal["window", "whole"] = "window"


@dataclass(frozen=True, kw_only=True)
class Generate:
    """Samples of one defect type, or of all in turn."""

    part: str
    defect: str | None = None
    count: int = 16
    seed: int = 0
    model: str | None = None
    steps: int | None = None
    solver: str | None = None
    guidance: float | None = None
    codes: str | None = None
    candidates: int | None = None
    keep: float | None = None
    feather: float | None = None
    overdraw: int | None = None
    trim: bool | None = None
    hardest_of: int = 1
    placement: str = "learned"
    strength: float | None = None
    strength_to: float | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count {self.count}; 1 or more is needed")


@dataclass(frozen=True, kw_only=True)
class Gate:
    """With and without a synthetic version, on the hold-out."""

    part: str
    version: int | None = None
    settings: Literal["tiny", "small", "full"] = "small"
    inspector: str = "segmentation"
    seeds: int = 3
    splits: int = 1
    reject: float = 0.05
    defect: str | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class Export:
    """A version as a folder, on the machine where the worker runs."""

    part: str
    format: str
    out: Path
    request: str | None = None
    model: str | None = None
    defect: str | None = None
    version: int | None = None
    override: str | None = None
    with_good: str | None = None


@dataclass(frozen=True, kw_only=True)
class Retrain:
    """A new model from the champion, judged against it; the options are those of `RetrainOptions`.

    `cause`, `due_at` (ISO 8601) and `started_by` say why, for which moment of the calendar, and by whom.
    """

    part: str
    data: Path | None = None
    recipe: str = ""
    budget_s: float | None = None
    count: int = 200
    settings: Literal["tiny", "small", "full"] = "small"
    inspector: str = "segmentation"
    seeds: int = 3
    cause: str = "by hand"
    due_at: str | None = None
    started_by: str = "command line"

    def __post_init__(self) -> None:
        if self.due_at is not None and datetime.fromisoformat(self.due_at).tzinfo is None:
            raise ValueError(f"due_at {self.due_at} without a time zone")


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """New good pictures against the catalogue; `folder` is on the machine where the worker runs."""

    part: str
    folder: Path | None = None
    window: int | None = None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """How the registry behaves with many rows; `part` is only a label."""

    part: str = "bench"
    rows: int = 1_000_000

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ValueError(f"rows {self.rows}; 1 or more is needed")


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Attributes:
        request: what it may be asked.
        computes: whether it trains or runs networks, and so belongs on a GPU where there is one.
        writes: whether it holds the part's lock while it runs.
        new_part: whether the part may be one that the registry does not know.
    """

    request: type[Any]
    computes: bool = True
    writes: bool = True
    new_part: bool = False


KINDS: dict[str, Kind] = {
    "ingest": Kind(Ingest, computes=False, new_part=True),
    "train": Kind(Train),
    "generate": Kind(Generate),
    "gate": Kind(Gate),
    "export": Kind(Export, computes=False),
    "retrain": Kind(Retrain),
    "monitor": Kind(Monitor),
    "bench": Kind(Bench, computes=False, writes=False, new_part=True),
}


def kind_of(name: str) -> Kind:
    """The kind of that name.

    Raises:
        UsageError: there is none; the nearest is named.
    """
    if name not in KINDS:
        raise unknown_key(name, name, KINDS)
    return KINDS[name]


def read_request(kind: str, facts: Mapping[str, Any]) -> Any:
    """The checked request of a kind, its paths absolute.

    Raises:
        UsageError: an unknown option, a value of a wrong type or out of its range.
    """
    request = build(kind_of(kind).request, facts, where=kind)
    paths = {
        field.name: Path.cwd() / getattr(request, field.name).expanduser()
        for field in fields(request)
        if isinstance(getattr(request, field.name), Path)
    }
    return replace(request, **paths)


def as_facts(request: Any) -> dict[str, Any]:
    """The request as JSON holds it."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(request).items()}


def key_of(kind: str, request: Any) -> str:
    """32 hexadecimal digits that two requests share exactly when they ask for the same."""
    text = json.dumps([kind, as_facts(request)], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def facts_from_words(kind: str, words: list[str]) -> dict[str, Any]:
    """What a person typed behind the kind: `--name value` pairs, `--budget 20m` for seconds, `--from` for a model.

    Raises:
        UsageError: a word that is no option, an option without a value, or a value that is no number.
    """
    hints = get_type_hints(kind_of(kind).request)
    facts: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            if "source" in hints and "source" not in facts:
                facts["source"] = word
                continue
            raise UsageError(
                expected=f"--name value pairs after `submit {kind}`",
                found=repr(word),
                action=f"Options of {kind}: {_options(hints)}.",
            )
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not rest:
                raise UsageError(
                    expected=f"a value after {word}", found="the end of the line", action="Add it."
                )
            value = rest.pop(0)
        field = {"budget": "budget_s", "from": "from_model"}.get(name, name.replace("-", "_"))
        if field not in hints:
            raise unknown_key(word, field, hints)
        facts[field] = seconds(value) if field == "budget_s" else _typed(value, hints[field], word)
    return facts


def _typed(text: str, hint: Any, word: str) -> Any:
    plain = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for number, name in ((int, "a whole number"), (float, "a number")):
        if number in plain:
            try:
                return number(text)
            except ValueError:
                raise UsageError(
                    expected=f"{name} after {word}", found=repr(text), action="Correct it."
                ) from None
    return text


def _options(hints: Mapping[str, Any]) -> str:
    shown = {"budget_s": "budget", "from_model": "from"}
    return ", ".join("--" + shown.get(name, name).replace("_", "-") for name in hints)
