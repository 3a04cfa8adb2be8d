"""From a TOML file to a checked, frozen dataclass: settings and recipes both come through here.

A configuration error names the full path of the value (`recipe.flow.steps`), what was expected, what was found,
and, for a misspelt key, the nearest key that exists.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from factory_gen.errors import FactoryGenError, InputRefused, UsageError

T = TypeVar("T")

_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path as text",
}


def read_toml(path: Path) -> dict[str, Any]:
    """Reads one TOML file.

    Raises:
        InputRefused: the file is missing, cannot be read, is not UTF-8 or is not TOML (line and column are named).
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputRefused(
            expected=f"a readable TOML file at {path}",
            found=error.strerror or type(error).__name__,
            action="Check the path and the access rights.",
        ) from error
    except UnicodeDecodeError as error:
        raise InputRefused(
            expected=f"UTF-8 text in {path}",
            found=f"a byte that is not UTF-8 at position {error.start}",
            action="Save the file as UTF-8.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputRefused(
            expected=f"TOML in {path}", found=str(error), action="Mend that line; text needs quotes."
        ) from error


def build(cls: type[T], mapping: Mapping[str, Any], *, where: str) -> T:
    """Makes the dataclass `cls` from a mapping, nested dataclasses included.

    Args:
        cls: a dataclass whose fields are bool, int, float, str, Path, Literal, tuples, dict[str, ...],
            unions of these with None, or dataclasses.
        mapping: what the TOML file says; a missing key takes the field's default.
        where: what to call the whole in a message, such as `recipe` or a file name.

    Raises:
        UsageError: an unknown key, a missing key without a default, a wrong type, a number that is not finite,
            or a value that the dataclass refuses (its `ValueError` is given the path).
    """
    if not isinstance(mapping, Mapping):
        _refuse(where, "a table of keys and values", mapping)
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    for key in mapping:
        if key not in fields:
            raise unknown_key(f"{where}.{key}", key, fields)
    values = {key: convert(value, hints[key], where=f"{where}.{key}") for key, value in mapping.items()}
    missing = [name for name, field in fields.items() if name not in values and _has_no_default(field)]
    if missing:
        raise UsageError(
            expected=f"a value for {where}.{missing[0]}",
            found="no such key",
            action=f"Add `{missing[0]} = ...` under {where}.",
        )
    return _construct(cls, values, where)


def convert(value: Any, wanted: Any, *, where: str) -> Any:
    """Checks one TOML value against a type hint and returns it in that type.

    Raises:
        UsageError: as for `build`; `where` is the full path of the value.
    """
    origin = typing.get_origin(wanted)
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return build(wanted, value, where=where)
    if origin is typing.Literal:
        return _literal(value, typing.get_args(wanted), where)
    if origin in (typing.Union, types.UnionType):
        return _union(value, typing.get_args(wanted), where)
    if origin in (tuple, list):
        return _sequence(value, wanted, where)
    if origin is dict:
        return _table(value, wanted, where)
    return _scalar(value, wanted, where)


def unknown_key(path: str, key: str, known: typing.Iterable[str]) -> UsageError:
    """The error for a key that does not exist, naming the nearest one that does."""
    names = sorted(known)
    near = get_close_matches(key, names, n=1, cutoff=0.6)
    hint = f"Did you mean `{near[0]}`?" if near else "Remove it."
    return UsageError(expected=f"one of: {', '.join(names)}", found=f"the unknown key {path}", action=hint)


def _construct(cls: type[T], values: dict[str, Any], where: str) -> T:
    try:
        return cls(**values)
    except FactoryGenError as error:
        raise UsageError(
            expected=f"in {where}: {error.expected}", found=error.found, action=error.action
        ) from error
    except ValueError as error:
        raise UsageError(
            expected=f"values that {where} accepts",
            found=str(error),
            action=f"Correct {where} and run again.",
        ) from error


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _literal(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    for choice in choices:
        if value == choice and type(value) is type(choice):
            return choice
    _refuse(where, "one of " + ", ".join(repr(choice) for choice in choices), value)


def _union(value: Any, members: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in members:
        return None
    options = [member for member in members if member is not type(None)]
    errors = []
    for member in options:
        try:
            return convert(value, member, where=where)
        except UsageError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    _refuse(where, " or ".join(_describe(member) for member in options), value)


def _sequence(value: Any, wanted: Any, where: str) -> Any:
    if not isinstance(value, list | tuple):
        _refuse(where, "a list", value)
    container = typing.get_origin(wanted)
    members = typing.get_args(wanted)
    if container is tuple and Ellipsis not in members:
        if len(value) != len(members):
            _refuse(where, f"a list of {len(members)} values", value)
        kinds: tuple[Any, ...] = members
    else:
        kinds = (members[0],) * len(value)
    return container(
        convert(item, kind, where=f"{where}[{position}]")
        for position, (item, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _table(value: Any, wanted: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(where, "a table of keys and values", value)
    kind = typing.get_args(wanted)[1]
    return {key: convert(item, kind, where=f"{where}.{key}") for key, item in value.items()}


def _scalar(value: Any, wanted: Any, where: str) -> Any:
    if wanted is Any:
        return value
    if wanted is Path and isinstance(value, str):
        return Path(value)
    if wanted is float and type(value) in (int, float):
        if not math.isfinite(value):
            _refuse(where, "a finite number", value)
        return float(value)
    # type(), not isinstance(): true is an int for Python, not for the person who wrote the file
    if type(value) is wanted:
        return value
    _refuse(where, _describe(wanted), value)


def _describe(wanted: Any) -> str:
    if typing.get_origin(wanted) is typing.Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(wanted))
    return _NAMES[wanted] if wanted in _NAMES else str(getattr(wanted, "__name__", wanted))


def _refuse(where: str, expected: str, value: Any) -> NoReturn:
    kind = "a table" if isinstance(value, Mapping) else repr(value)
    raise UsageError(expected=f"{expected} for {where}", found=kind, action=f"Correct {where} and run again.")
