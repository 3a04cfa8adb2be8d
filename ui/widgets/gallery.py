"""Many small pictures with a line below each, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui.language.words import _

COLUMNS = 8
# Pictures of any shape stand in squares, so that rows stay rows.
SQUARE = """<style>[class*="st-key-fg-gallery"] img {aspect-ratio: 1; object-fit: contain; width: 100%;
background: rgba(128, 128, 128, 0.15);}</style>"""


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery: its key, an encoded picture, and the line below it."""

    key: str
    picture: bytes
    caption: str


def gallery(
    tiles: Sequence[Tile], *, key: str, columns: int = COLUMNS, actions: Sequence[tuple[str, str]] = ()
) -> tuple[str, str] | None:
    """Draw the tiles; with actions (name, label), buttons below each.

    Returns:
        (name of the action, key of the tile) that was just pressed, or None.
    """
    st.html(SQUARE)
    with st.container(key=f"fg-gallery-{key}"):
        return _tiles(tiles, key, columns, actions)


def _tiles(
    tiles: Sequence[Tile], key: str, columns: int, actions: Sequence[tuple[str, str]]
) -> tuple[str, str] | None:
    pressed = None
    for start in range(0, len(tiles), columns):
        for column, tile in zip(
            st.columns(columns, gap="small"), tiles[start : start + columns], strict=False
        ):
            with column:
                st.image(tile.picture, caption=tile.caption, width="stretch")
                for name, label in actions:
                    if st.button(label, key=f"{key}-{name}-{tile.key}", width="stretch"):
                        pressed = name, tile.key
    return pressed


def start_of_page(key: str, first: int) -> int:
    """The key that the visitor's current page starts behind."""
    return int(_stack(key, first)[-1])


def page_buttons(key: str, first: int, last_shown: int | None, *, more: bool) -> None:
    """Buttons to the page before and the page after.

    Args:
        key: names the gallery; give it another name when its filter changes, and it starts at the first page.
        first: the key that the first page starts behind.
        last_shown: key of the last tile of this page.
        more: whether there may be a page after this one.
    """
    stack = _stack(key, first)
    back, where, forward = st.columns([1, 1, 1], vertical_alignment="center")
    back.button(
        _("Page before"),
        key=f"{key}-back",
        icon=":material/arrow_back:",
        disabled=len(stack) < 2,
        on_click=_back,
        args=(stack,),
        width="stretch",
    )
    where.markdown(_("Page {n}").format(n=len(stack)), text_alignment="center")
    forward.button(
        _("Page after"),
        key=f"{key}-forward",
        icon=":material/arrow_forward:",
        disabled=not more or last_shown is None,
        on_click=stack.append,
        args=(last_shown,),
        width="stretch",
    )


def _back(stack: list[int]) -> None:
    if len(stack) > 1:
        stack.pop()


def _stack(key: str, first: int) -> list[int]:
    found: list[int] = st.session_state.setdefault(f"{key}-pages", [first])
    return found
