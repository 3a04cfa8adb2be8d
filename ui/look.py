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

THEME: dict[str, object] = {
    "theme.baseRadius": "small",
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
