"""Names of files and folders."""

from __future__ import annotations

import re

import pytest

from factory_gen.export.names import safe_names, stem


@pytest.mark.parametrize("kind", ["crack", "blow_hole", "Fray-2", "欠け", "Größe"])
def test_a_safe_type_keeps_its_name(kind: str) -> None:
    assert safe_names([kind]) == {kind: kind}


@pytest.mark.parametrize(
    "kind",
    [
        "a/b",
        "..",
        "../../etc",
        ".hidden",
        "blow hole",
        "c:\\x",
        "good",
        "CON",
        "",
        " ",
        "a\nb",
        "x" * 300,
        "com1",
    ],
)
def test_any_other_type_gets_a_name_that_cannot_do_harm(kind: str) -> None:
    name = safe_names([kind])[kind]
    assert re.fullmatch(r"\w[\w\-]*-[0-9a-f]{6}", name)
    assert len(name) <= 70
    assert name.casefold() != "good"


def test_types_never_share_a_folder() -> None:
    types = ["Crack", "crack", "a b", "a_b", "a/b", "a\\b", "\u00e9", "e\u0301"]
    names = safe_names(types)
    assert list(names) == sorted(types)
    assert len({name.casefold() for name in names.values()}) == len(types)


def test_numbers_have_six_digits_so_that_names_sort_by_number() -> None:
    assert stem("crack", 7) == "crack_000007"
    assert sorted([stem("crack", 10), stem("crack", 9)]) == ["crack_000009", "crack_000010"]
