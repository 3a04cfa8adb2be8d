"""What jobs and registry say is known again in every language, and every pattern still fits a text in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_registry.errors import NotFound
from ui.language.messages import GAP, LEAST_LETTERS, letters, told
from ui.language.words import ENGLISH, LANGUAGES, MESSAGES, catalogue, read_catalogue, use_language

ROOT = Path(__file__).parents[3]
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
# whose refusals pages show most: all of these must be known
MOST_SHOWN = (
    "pipelines/services/access.py",
    "pipelines/intake/catalogue_changes.py",
    "pipelines/engine/places.py",
    "pipelines/errors.py",
    "pipelines/operation/promotion.py",
    "pipelines/review/desk.py",
    "pipelines/services/service_jobs.py",
    "pipelines/uploads.py",
    "data_registry/models.py",
    "data_registry/parts.py",
)


def template(node: ast.AST) -> str | None:
    """The text of a constant or of an f-string with numbered gaps."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    parts, gaps = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        else:
            parts.append(f"{{{gaps}}}")
            gaps += 1
    return "".join(parts)


def texts_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        found = template(node)
        if found:
            yield found


def refusals_of(path: Path) -> Iterator[str]:
    """What a file's errors are made with."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg in ("expected", "found", "action"):
                value = keyword.value
                for one in [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]:
                    text = template(one)
                    if text and letters(text) >= LEAST_LETTERS and " " in text:
                        yield text


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use_language(ENGLISH)


@pytest.mark.parametrize("language", OTHERS)
def test_every_pattern_is_a_text_of_the_code(language: str) -> None:
    said = {
        text
        for room in ("factory_gen", "data_registry", "pipelines")
        for path in (ROOT / room).rglob("*.py")
        for text in texts_of(path)
    }
    assert set(read_catalogue(language, only=MESSAGES)) - said == set()


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_has_a_gap_of_its_own(language: str) -> None:
    known = read_catalogue(language, only=MESSAGES)
    assert len(known) > 200
    assert {
        key: text for key, text in known.items() if not set(GAP.findall(text)) <= set(GAP.findall(key))
    } == {}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", MOST_SHOWN)
def test_what_pages_show_most_is_known(language: str, name: str) -> None:
    known = read_catalogue(language, only=MESSAGES)
    assert [text for text in refusals_of(ROOT / name) if text not in known] == []


@pytest.mark.parametrize("language", OTHERS)
def test_pages_and_messages_are_apart(language: str) -> None:
    assert "no part {0}" not in catalogue(language)
    assert "Home" not in read_catalogue(language, only=MESSAGES)


def test_a_sentence_is_told_with_its_own_names_and_figures() -> None:
    refusal = NotFound(
        expected="a part that was ingested", found="no part 'bolt {1}'", action="Choose again."
    )
    use_language("ja")
    assert told(refusal.expected) == "取り込み済みの品種"
    assert told(refusal.found) == "品種 'bolt {1}' はありません"
    use_language("de")
    assert told(refusal.found) == "kein Teil 'bolt {1}'"
    lift = "+0.052 (+0.011 to +0.094) over real oversampled"
    assert told(f"The lift is {lift}: all of the interval lies above 0.").startswith(
        "Der Gewinn ist +0.052 (+0.011 bis +0.094) gegenüber real oversampled:"
    )
    way = "Run `factory-gen gate --part bolt --version 2`. To go on all the same: --override REASON (it is recorded)."
    assert told(way).startswith("Lassen Sie die Prüfung") and told(way).endswith("(er wird festgehalten).")


@pytest.mark.parametrize("text", ["", "something that nobody has foreseen", "Ω (part 7)"])
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_an_unknown_sentence_stays_as_it_came(language: str, text: str) -> None:
    use_language(language)
    assert told(text) == text


def test_english_stays_english() -> None:
    use_language(ENGLISH)
    assert told("no part 'bolt'") == "no part 'bolt'"
    assert re.fullmatch(GAP, "{0}")
