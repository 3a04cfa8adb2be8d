"""The review desk as a Streamlit component: pictures, scores, limit samples, and keys read by their code."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_FILES = Path(__file__).parent
KEY = "review_desk"
JPEG, PNG = b"\xff\xd8", b"\x89PNG"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """What the browser is told in one turn.

    Attributes:
        at: key of the item that is shown; None when there is nothing left.
        ahead: keys of the items that come next.
        more: whether there is more to ask for, once this is shown.
        items: pictures and texts of items that the browser does not have yet, by key.
        decisions: key to its latest decision, None before any.
        limits: defect type to its limit samples.
        place: such as "3 of 120".
        turn: rises with each answer of the server.
        words: the texts of the desk.
    """

    at: str | None
    ahead: Sequence[str]
    more: bool
    items: Mapping[str, Mapping[str, Any]]
    decisions: Mapping[str, str | None]
    limits: Mapping[str, Mapping[str, Sequence[str]]]
    place: str
    turn: int
    words: Mapping[str, Any]


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "factory_gen_review_desk",
        html='<div class="desk"></div>',
        css=(_FILES / "review_desk.css").read_text(encoding="utf-8"),
        js=(_FILES / "review_desk.js").read_text(encoding="utf-8"),
    )


def review_desk(view: DeskView, *, on_act: Callable[[], None], on_need: Callable[[], None]) -> None:
    """Draw the desk.

    Args:
        view: what to show.
        on_act: called when a key or a button was pressed; `pressed()` then says which.
        on_need: called when the browser asks for what comes next; `needed()` says what it lost.
    """
    _component()(
        key=KEY,
        data={
            "at": view.at,
            "ahead": list(view.ahead),
            "more": view.more,
            "items": dict(view.items),
            "decisions": dict(view.decisions),
            "limits": dict(view.limits),
            "place": view.place,
            "turn": view.turn,
            "words": dict(view.words),
        },
        on_act_change=on_act,
        on_need_change=on_need,
    )


def pressed() -> tuple[str, str, int]:
    """What was pressed, on which item, in which turn.

    Returns:
        ("ok", "ng", "undecided", "undo", "next" or "back", key of the item, turn); ("", "", -1) for nothing.
    """
    found = _value("act")
    if not isinstance(found, Mapping):
        return "", "", -1
    turn = found.get("turn")
    return str(found.get("what") or ""), str(found.get("key") or ""), turn if isinstance(turn, int) else -1


def needed() -> list[str]:
    """Keys of items that the browser was sent and does not have, such as after a reload."""
    found = _value("need")
    keys = found.get("keys") if isinstance(found, Mapping) else None
    return [str(one) for one in keys] if isinstance(keys, list | tuple) else []


def address_of(picture: bytes) -> str:
    """A PNG or JPEG as an address that a browser shows without asking anybody."""
    kind = "jpeg" if picture.startswith(JPEG) else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _value(name: str) -> Any:
    state = st.session_state.get(KEY)
    return None if state is None else state.get(name)
