"""Makes the two Japanese fonts of the pages from Noto Sans CJK (Debian package fonts-noto-cjk, SIL Open Font License).

`python -m tests.ui.static.subset_fonts /usr/share/fonts/opentype/noto ui/static/fonts`
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.pofile import read_po
from fontTools import subset
from fontTools.ttLib import TTFont

JAPANESE_TEXTS = Path(__file__).parents[3] / "ui" / "language" / "locales" / "ja"
JAPANESE_FACE = 0  # of the collection
HALF_WIDTH = range(0xFF61, 0xFFA0)
SIGNS = "▶✓✕↶○●▲△★■–·–≤≥±"  # what the pages draw beside words
STYLES = ("Regular", "Bold")


def jis_x_0208() -> set[str]:
    """Kana, signs and the 6,355 kanji of both levels of the standard."""
    found = set()
    for row in range(0xA1, 0xF5):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(bytes([row, cell]).decode("euc_jp"))
            except UnicodeDecodeError:
                continue
    return found


def catalogue_characters() -> set[str]:
    """Every character of the Japanese texts of the pages."""
    found: set[str] = set()
    for path in JAPANESE_TEXTS.rglob("*.po"):
        with path.open("rb") as file:
            for message in read_po(file):
                found.update(str(message.string))
    return found


def main(collections: Path, out: Path) -> None:
    """Write one WOFF2 for each style."""
    wanted = jis_x_0208() | catalogue_characters() | {chr(code) for code in HALF_WIDTH} | set(SIGNS)
    for style in STYLES:
        options = subset.Options()
        options.flavor, options.hinting, options.layout_features = "woff2", False, []
        options.drop_tables += ["vhea", "vmtx", "VORG", "GDEF", "GPOS", "GSUB", "BASE"]
        options.with_zopfli = False
        with TTFont(collections / f"NotoSansCJK-{style}.ttc", fontNumber=JAPANESE_FACE, lazy=True) as font:
            cut = subset.Subsetter(options)
            cut.populate(text="".join(sorted(wanted)))
            cut.subset(font)
            subset.save_font(font, str(out / f"NotoSansJP-{style}.woff2"), options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
