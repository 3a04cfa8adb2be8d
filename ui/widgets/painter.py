"""The mask painter: a component of our own on Streamlit's components, without a build step and without a network.

Brush, eraser, polygon, pan and zoom, undo without end, mask colour; strokes come back as numbers, the mask as a PNG of
the picture's own size.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from pipelines.queries.catalogue import Canvas
from ui.language.words import _

HERE = Path(__file__).parent
HTML, CSS, JS = ((HERE / f"painter.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
FIRST_BRUSH = 12
MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class Painted:
    """What was painted: the mask (H,W) bool, the number of its pixels, and the strokes to keep as a draft."""

    mask: np.ndarray
    strokes: list[dict[str, Any]]
    touched: bool

    @property
    def pixels(self) -> int:
        """Painted pixels."""
        return int(self.mask.sum())


def paint(canvas: Canvas, *, key: str, strokes: list[dict[str, Any]], round_: int = 0) -> Painted:
    """Show the painter and return what is painted now.

    Args:
        canvas: the picture.
        key: names this painter on the page.
        strokes: what it starts with when the picture is new to the browser (a draft).
        round_: another number starts again from `strokes`.
    """
    component = st.components.v2.component("factory_gen_painter", html=HTML, css=CSS, js=JS)
    result = component(
        key=key,
        default={"drawn": None},
        on_drawn_change=_nothing,
        data={
            "picture": "data:image/jpeg;base64," + base64.b64encode(canvas.picture).decode(),
            "key": canvas.key,
            "round": round_,
            "width": canvas.width,
            "height": canvas.height,
            "mm": canvas.mm_per_pixel,
            "brush": FIRST_BRUSH,
            "strokes": strokes,
            "words": words(),
        },
    )
    return read_drawn(result.drawn, canvas, round_)


def read_drawn(drawn: Any, canvas: Canvas, round_: int = 0) -> Painted:
    """Read what the browser sent; anything that is not a mask of this picture counts as nothing painted."""
    nothing = Painted(np.zeros((canvas.height, canvas.width), dtype=bool), [], False)
    if not isinstance(drawn, dict) or drawn.get("key") != canvas.key or drawn.get("round") != round_:
        return nothing
    strokes = drawn.get("strokes")
    strokes = strokes if isinstance(strokes, list) else []
    png = drawn.get("png")
    if not isinstance(png, str) or "," not in png:
        return Painted(nothing.mask, strokes, True)
    try:
        with Image.open(io.BytesIO(base64.b64decode(png.split(",", 1)[1])), formats=("PNG",)) as image:
            if image.size != (canvas.width, canvas.height) or image.width * image.height > MOST_PIXELS:
                return nothing
            mask = np.asarray(image.convert("L")) > 127
    except (OSError, ValueError, SyntaxError):
        return nothing
    return Painted(mask, strokes, True)


def words() -> dict[str, Any]:
    """The painter's texts in the language of the visitor."""
    return {
        "brush": _("Brush"),
        "erase": _("Eraser"),
        "polygon": _("Polygon"),
        "pan": _("Move"),
        "size": _("Size"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "clear": _("Clear"),
        "in": _("Zoom in"),
        "out": _("Zoom out"),
        "fit": _("Whole picture"),
        "hide": _("Hide mask"),
        "colour": _("Mask colour"),
        "colours": [_("Orange"), _("Sky blue"), _("Vermilion"), _("Yellow"), _("Purple")],
        "canvas": _("Picture to paint on"),
        "help": _(
            "Wheel or two fingers: zoom. Space or middle button: move. [ and ]: brush size. B, E, P, V: tools. "
            "Ctrl+Z, Ctrl+Shift+Z: undo, redo. Alt: erase. Polygon: click corners, Enter or double click closes it."
        ),
    }


def _nothing() -> None:
    """The value is read from the result."""
