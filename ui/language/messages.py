"""What jobs, registry and method say, in the visitor's language.

They speak English, and much of what they say comes from another process as plain text. So a sentence is known again
by its pattern: a key of `messages.po` is the English text with numbered gaps, `no part {0}`, and a translation holds
the same gaps. A text without a pattern is shown as it came; names, paths and figures in the gaps always are.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ui.language.words import MESSAGES, current_language, read_catalogue

GAP = re.compile(r"\{(\d+)\}")
LEAST_LETTERS = 4  # a pattern of hardly anything but gaps would fit everything


def told(text: str) -> str:
    """A sentence of a refusal, a verdict or an alarm in the language of this run."""
    return _told(current_language(), text)


@lru_cache(maxsize=4000)
def _told(language: str, text: str) -> str:
    whole, patterns = _known(language)
    if text in whole:
        return whole[text]
    for pattern, translated in patterns:
        found = pattern.fullmatch(text)
        if found:
            pieces = enumerate(GAP.split(translated))
            return "".join(
                piece if place % 2 == 0 else _filling(language, found[f"gap{piece}"])
                for place, piece in pieces
            )
    return text


def _filling(language: str, text: str) -> str:
    """What stands in a gap: a sentence or a phrase that is known is told, too; a name, a path or a figure stays."""
    return _told(language, text) if " " in text else text


@cache
def _known(language: str) -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Texts without gaps, and patterns, those with the most letters of their own first."""
    texts = read_catalogue(language, only=MESSAGES)
    whole = {key: value for key, value in texts.items() if not GAP.search(key)}
    open_ones = [key for key in texts if key not in whole and letters(key) >= LEAST_LETTERS]
    ordered = sorted(open_ones, key=letters, reverse=True)
    return whole, tuple((_pattern(key), texts[key]) for key in ordered)


def letters(key: str) -> int:
    """How much of a key is not a gap."""
    return len(GAP.sub("", key).strip())


def _pattern(key: str) -> re.Pattern[str]:
    parts = GAP.split(key)  # text, number, text, number, ..., text
    texts, numbers = parts[::2], parts[1::2]
    gaps = [f"(?P<gap{number}>.+?)" for number in numbers]
    return re.compile(
        "".join(re.escape(text) + gap for text, gap in zip(texts, [*gaps, ""], strict=True)), re.DOTALL
    )
