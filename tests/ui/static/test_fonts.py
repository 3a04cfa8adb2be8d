"""The Japanese letters that come with the program: all that the texts need, within the range that the theme names."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from tests.ui.static.subset_fonts import HALF_WIDTH, catalogue_characters, jis_x_0208
from ui.look import FONT_FILES, THEME

FONTS = Path(__file__).parents[3] / "ui" / "static" / "fonts"
LATIN_END = 0x250  # Streamlit's own font has these
LARGEST = 2_000_000


@pytest.mark.parametrize("name", sorted(FONT_FILES.values()))
def test_every_letter_is_there(name: str) -> None:
    with TTFont(FONTS / name) as font:
        known = set(font.getBestCmap())
    wanted = {ord(one) for one in jis_x_0208() | catalogue_characters()} | set(HALF_WIDTH)
    # signs beside words that the font itself lacks come from the machine
    missing = {chr(code) for code in wanted - known if code >= LATIN_END} - set("✕↶≒")
    assert missing == set()
    assert (FONTS / name).stat().st_size < LARGEST


def test_the_theme_names_the_files_and_their_range() -> None:
    faces = THEME["theme.fontFaces"]
    assert isinstance(faces, list)
    assert [(FONTS.parent / face["url"].removeprefix("app/static/")).is_file() for face in faces] == [
        True
    ] * 2
    ranges = [
        [int(end, 16) for end in one.strip().removeprefix("U+").split("-")]
        for one in faces[0]["unicodeRange"].split(",")
    ]
    outside = {
        one
        for one in catalogue_characters()
        if ord(one) >= LATIN_END and not any(low <= ord(one) <= high for low, high in ranges)
    }
    assert outside == set()


def test_the_licence_lies_beside_them() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text()
