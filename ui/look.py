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
    "theme.showWidgetBorder": True,
    "theme.headingFontSizes": ["2rem", "1.5rem", "1.25rem", "1.1rem", "1rem", "0.9rem"],
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

# What the theme has no word for: fingers (44 pixels), the part first in the sidebar, less air above and beside a page.
STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 3.75rem 3rem 4rem; }
[data-testid="stSidebarContent"] { display: flex; flex-direction: column; }
[data-testid="stSidebarHeader"] { margin-bottom: 0; }
[data-testid="stSidebarUserContent"] { order: 1; padding: 0 0 0.75rem; }
[data-testid="stSidebarUserContent"] [data-testid="stVerticalBlock"] { gap: 0.5rem; }
[data-testid="stSidebarNav"] { order: 2; }
[data-testid="stSidebarNavSeparator"] { display: none; }
[data-testid="stSidebarNavLink"] { min-height: 44px; margin: 0; }
[data-testid="stSidebarNavItems"] li { margin: 0; }
[data-testid="stSidebarNavItems"] > div { margin-top: 0.4rem; }
[data-testid="stMain"] button, [data-testid="stSidebarUserContent"] button, [data-testid="stPageLink-NavLink"],
[data-testid="stMain"] a[data-testid^="stBaseLinkButton"], [role="tab"], [role="option"], summary,
[data-testid="stSelectbox"] [role="group"], [data-testid="stMultiSelect"] [role="group"],
[data-testid="stTextInputRootElement"], [data-testid="stNumberInputContainer"], [data-testid="stDateInputField"],
[data-testid="stCheckbox"] label { min-height: 44px; }
[data-testid="stTooltipHoverTarget"] button, [data-testid="stWidgetLabel"] button,
[data-testid="stElementToolbar"] button { min-height: 24px; min-width: 24px; }
[data-testid^="stBaseButton-primary"], [data-testid^="stBaseButton-primary"] * { color: light-dark(#FFFFFF, #16181C); }
[data-testid^="stBaseButton-primary"]:disabled, [data-testid^="stBaseButton-primary"]:disabled * { color: inherit; }
[data-testid="stSlider"] [role="slider"] { width: 24px; height: 24px; }
[class*="st-key-fg-gallery"] [data-testid="stImageCaption"] {
  text-align: start; word-break: keep-all; overflow-wrap: anywhere; }
</style>"""
