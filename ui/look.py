"""Colours and shapes: grey, with colour kept for what is abnormal or chosen (Okabe-Ito), light and dark."""

from __future__ import annotations

# Okabe and Ito's set, told apart with every common colour blindness; always with a shape or a word beside it.
BLUE, ORANGE, GREEN, RED, YELLOW, SKY, PURPLE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#F0E442",
    "#56B4E9",
    "#CC79A7",
)

# Our own Japanese letters, so that a terminal without any shows them and no kanji takes its Chinese shape.
_JAPANESE = "Noto Sans JP"
_JAPANESE_RANGE = "U+2000-206F, U+2100-27BF, U+2B00-2BFF, U+2E80-9FFF, U+F900-FAFF, U+FE30-FE4F, U+FF00-FFEF"
FONT_FILES = {"100 550": "NotoSansJP-Regular.woff2", "551 900": "NotoSansJP-Bold.woff2"}

THEME: dict[str, object] = {
    "theme.baseRadius": "small",
    "theme.font": f'"Source Sans", "{_JAPANESE}", sans-serif',
    "theme.codeFont": f'"Source Code Pro", "{_JAPANESE}", monospace',
    "theme.fontFaces": [
        {
            "family": _JAPANESE,
            "url": f"app/static/fonts/{file}",
            "weight": weights,
            "unicodeRange": _JAPANESE_RANGE,
        }
        for weights, file in FONT_FILES.items()
    ],
    "theme.light.primaryColor": BLUE,
    "theme.light.backgroundColor": "#FAFAFA",
    "theme.light.secondaryBackgroundColor": "#EDEEF0",
    "theme.light.textColor": "#1F2328",
    "theme.light.borderColor": "#C9CDD3",
    "theme.dark.primaryColor": SKY,
    "theme.dark.backgroundColor": "#16181C",
    "theme.dark.secondaryBackgroundColor": "#23262C",
    "theme.dark.textColor": "#E6E8EB",
    "theme.dark.borderColor": "#41464F",
}
