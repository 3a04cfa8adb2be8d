"""A visitor without a browser: speaks Streamlit's own protocol over a websocket, and loads what a page points at.

It draws nothing, so the times are those of the server and the loopback line.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 180.0
LARGEST_MESSAGE = 200_000_000
ERROR_BOX = ":material/error:"  # what `ui.error_box` begins with
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class PageFailed(Exception):
    """The server showed a failure, or did not answer."""


@dataclass(slots=True)
class Drawn:
    """One run of a page: seconds until the last picture was there, and what was drawn."""

    seconds: float = 0.0
    elements: list[Any] = field(default_factory=list)
    fragments: dict[str, float] = field(default_factory=dict)
    pictures: int = 0


class Visitor:
    """One open tab. Use it as an asynchronous context manager."""

    def __init__(self, address: str, part: str) -> None:
        """Args: the server's http address, and the part to look at."""
        self.address, self.part = address, part
        self.pages: dict[str, str] = {}
        self.failures: list[str] = []
        self._line: ClientConnection | None = None
        self._seen: set[str] = set()
        self._page = ""
        self._explaining = False  # the texts that follow belong to a failure
        self.last = Drawn()

    async def __aenter__(self) -> Self:
        self._line = await connect(
            self.address.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]  # a plain string on the wire
            max_size=LARGEST_MESSAGE,
            compression=None,
            proxy=None,
            origin=self.address,  # type: ignore[arg-type]
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            await self._line.close()

    async def first_page(self) -> Drawn:
        """Load the page's files and draw it, as somebody does who opens the address."""
        began = time.perf_counter()
        html = (await self._load("/")).decode()
        for path in re.findall(r'(?:src|href)="\./(static/[^"]+)"', html):
            await self._load("/" + path)
        drawn = await self.go("")
        drawn.seconds = time.perf_counter() - began
        return drawn

    async def go(self, page: str) -> Drawn:
        """Draw a page by its name in the address; "" is the first one."""
        self._page = self.pages.get(page, "")
        return await self._run(page_name=page)

    async def press(self, *widgets: WidgetState) -> Drawn:
        """Draw the page again with widgets changed or a button pressed."""
        return await self._run(widgets=widgets)

    async def stay(self, seconds: float) -> None:
        """Look at the page; its live parts are drawn anew by their clocks, as a browser asks for them."""
        end = time.perf_counter() + seconds
        due = {name: time.perf_counter() + every for name, every in self.last.fragments.items()}
        while (now := time.perf_counter()) < end:
            name = min(due, key=lambda one: due[one], default="")
            wait = min(due[name] if name else end, end) - now
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            every = self.last.fragments[name]
            again = await self._run(fragment=name, automatic=True)
            if not again.fragments and again.elements and name not in self.last.fragments:
                return
            due[name] = time.perf_counter() + every

    async def trigger(self, component: Any, event: str, value: Mapping[str, Any]) -> None:
        """Send an event of a component, without waiting for what comes."""
        state = WidgetState(
            id=_make_trigger_id(component.id, "events"),
            json_trigger_value=json.dumps([{"event": event, "value": dict(value)}]),
        )
        await self._send(widgets=[state], fragment=component.fragment)

    async def receive(self) -> ForwardMsg:
        """The next message of the server."""
        assert self._line is not None
        async with asyncio.timeout(PATIENCE_S):
            data = await self._line.recv()
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        return message

    def note(self, message: ForwardMsg, drawn: Drawn) -> None:
        """Keep what a message draws, and note a failure that it shows."""
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self.pages = {one.url_pathname: one.page_script_hash for one in message.navigation.app_pages}
            self.pages[""] = next(
                (one.page_script_hash for one in message.navigation.app_pages if one.is_default), ""
            )
        elif kind == "auto_rerun":
            drawn.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            drawn.elements.append((element, message.delta.fragment_id))
            what = element.WhichOneof("type")
            if what == "exception":
                self.failures.append(f"{element.exception.type}: {element.exception.message}")
            if what == "markdown" and ERROR_BOX in element.markdown.body:
                self.failures.append(element.markdown.body)
                self._explaining = True
            elif what == "text" and self._explaining:
                self.failures[-1] += f" | {element.text.body}"

    async def _run(
        self,
        *,
        page_name: str = "",
        widgets: Sequence[WidgetState] = (),
        fragment: str = "",
        automatic: bool = False,
    ) -> Drawn:
        began, drawn, self._explaining = time.perf_counter(), Drawn(), False
        await self._send(page_name=page_name, widgets=widgets, fragment=fragment, automatic=automatic)
        while True:
            message = await self.receive()
            self.note(message, drawn)
            if message.WhichOneof("type") == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                break
        drawn.pictures = await self._load_pictures(drawn)
        drawn.seconds = time.perf_counter() - began
        if not fragment:
            self.last = drawn
        return drawn

    async def _send(
        self,
        *,
        page_name: str = "",
        widgets: Sequence[WidgetState] = (),
        fragment: str = "",
        automatic: bool = False,
    ) -> None:
        assert self._line is not None
        message = BackMsg()
        state = message.rerun_script
        state.query_string = f"part={self.part}"
        state.page_script_hash = self._page
        state.page_name = page_name
        state.fragment_id = fragment
        state.is_auto_rerun = automatic
        state.widget_states.widgets.extend(widgets)
        state.context_info.url = f"{self.address}/{page_name}"
        state.context_info.locale = "en-US"
        await self._line.send(message.SerializeToString())

    async def _load_pictures(self, drawn: Drawn) -> int:
        paths = [one.url for element, _ in drawn.elements for one in element.imgs.imgs if one.url]
        fresh = [one for one in dict.fromkeys(paths) if one.startswith("/media/") and one not in self._seen]
        self._seen.update(fresh)
        for path in fresh:
            await self._load(path)
        return len(fresh)

    async def _load(self, path: str) -> bytes:
        def get() -> bytes:
            with _open(self.address + path, timeout=PATIENCE_S) as answer:
                data: bytes = answer.read()
                return data

        return await asyncio.to_thread(get)
