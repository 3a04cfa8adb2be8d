"""Every text of the pages is there in every language, with the same gaps to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from ui.language.words import ENGLISH, LANGUAGES, _, catalogue, current_language, use_language

UI = Path(__file__).parents[3] / "ui"
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
GAP = re.compile(r"{[^}]*}")


def texts() -> dict[str, str]:
    """Each text that is marked in ui/, and where."""
    found = extract_from_dir(UI, method_map=[("**.py", "python")], keywords={"_": None, "N_": None})
    return {str(text): f"{name}:{line}" for name, line, text, *_rest in found}


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_missing(language: str) -> None:
    known = catalogue(language)
    assert len(texts()) > 20
    assert {text: place for text, place in texts().items() if not known.get(text)} == {}


@pytest.mark.parametrize("language", OTHERS)
def test_gaps_are_the_same(language: str) -> None:
    different = {
        text: translated
        for text, translated in catalogue(language).items()
        if set(GAP.findall(text)) != set(GAP.findall(translated))
    }
    assert different == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_over(language: str) -> None:
    assert set(catalogue(language)) - set(texts()) == set()


def test_no_gap_is_filled_before_it_is_translated() -> None:
    offences = [
        f"{path}:{number}"
        for path in UI.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"\bN?_\(\s*f[\"']", line)
    ]
    assert offences == []


def test_an_unknown_text_and_an_unknown_language_are_english() -> None:
    use_language("ja")
    assert _("no such text") == "no such text"
    assert _("Home") == "ホーム"
    use_language("xx")
    assert current_language() == ENGLISH
    assert _("Home") == "Home"
