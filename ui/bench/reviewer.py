"""A reviewer without a browser: presses keys at the desk and asks for what comes next, as the desk's script does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ui.bench.visitor import Drawn, PageFailed, Visitor

COMPONENT = "factory_gen_review_desk"


@dataclass(frozen=True, slots=True)
class _Component:
    """Where events of the desk go."""

    id: str
    fragment: str


class Reviewer:
    """The desk of one visitor."""

    def __init__(self, visitor: Visitor) -> None:
        """Args: who has just opened the page Review."""
        self._visitor = visitor
        self._desk: _Component | None = None
        self._data: Mapping[str, Any] = {}
        self._has: set[str] = set()

    async def sit_down(self, drawn: Drawn) -> None:
        """Find the desk on the page and take what is on it.

        Raises:
            PageFailed: there is no desk.
        """
        for element, fragment in drawn.elements:
            self._take(element, fragment)
        if self._desk is None:
            raise PageFailed("no desk on the page Review")
        await self._ask_for_more()

    async def press(self, what: str) -> float | None:
        """Decide on what is shown; seconds until the next one is there, None when nothing is left."""
        at = self._data.get("at")
        if at is None or self._desk is None:
            return None
        began, turn = time.perf_counter(), self._data["turn"]
        await self._visitor.trigger(self._desk, "act", {"what": what, "key": at, "turn": turn})
        took: float | None = None
        while True:
            done = await self._receive()
            now = self._data
            if took is None and now["turn"] > turn and (now["at"] is None or now["at"] in self._has):
                took = time.perf_counter() - began
            if done:
                break
        if took is None:
            raise PageFailed(f"no answer to a key on {at}")
        if self._data["at"] == at:
            raise PageFailed(f"the key on {at} was not taken")
        await self._ask_for_more()
        return took

    async def _ask_for_more(self) -> None:
        for _ in range(10):
            wanted = [self._data["at"], *self._data["ahead"]]
            missing = [key for key in wanted if key and key not in self._has]
            if self._desk is None or not (missing or self._data["more"]):
                return
            await self._visitor.trigger(self._desk, "need", {"keys": missing, "when": time.time()})
            while not await self._receive():
                pass

    async def _receive(self) -> bool:
        """Take one message; True when the run has ended."""
        message = await self._visitor.receive()
        drawn = Drawn()
        self._visitor.note(message, drawn)
        for element, fragment in drawn.elements:
            self._take(element, fragment)
        ended: bool = message.WhichOneof("type") == "script_finished"
        return ended and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def _take(self, element: Any, fragment: str) -> None:
        if (
            element.WhichOneof("type") != "bidi_component"
            or element.bidi_component.component_name != COMPONENT
        ):
            return
        found = element.bidi_component
        self._desk = _Component(found.id, fragment)
        self._data = json.loads(found.mixed.json or found.json)
        self._has |= set(self._data["items"])
