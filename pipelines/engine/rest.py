"""The engine's REST interface: JSON in, JSON out, on this machine's or the plant's own network.

Prefect itself takes seconds to import; a page or a command that only asks for the list of jobs need not wait.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from factory_gen.errors import FactoryGenError
from pipelines.engine.errors import EngineDown

LONGEST_ANSWER_S = 30.0
BUSY_WAITS_S = (0.5, 1.0, 2.0)  # a server on SQLite answers 503 while others write
# a proxy in the environment is for the world outside, never for the engine
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class _Busy(EngineDown):
    """It is there and cannot answer now."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine at an address such as `http://127.0.0.1:4200/api`."""

    url: str

    def get(self, path: str, *, timeout_s: float = LONGEST_ANSWER_S) -> Any:
        """Asks for one thing; None when there is no such thing. Raises EngineDown when nobody answers."""
        return self._ask("GET", path, None, timeout_s)

    def post(self, path: str, body: Any, *, timeout_s: float = LONGEST_ANSWER_S) -> Any:
        """Sends a body; returns the answer. Raises EngineDown when nobody answers."""
        return self._ask("POST", path, body, timeout_s)

    def patch(self, path: str, body: Any, *, timeout_s: float = LONGEST_ANSWER_S) -> Any:
        """Changes one thing. Raises EngineDown when nobody answers."""
        return self._ask("PATCH", path, body, timeout_s)

    def delete(self, path: str, *, timeout_s: float = LONGEST_ANSWER_S) -> Any:
        """Removes one thing. Raises EngineDown when nobody answers."""
        return self._ask("DELETE", path, None, timeout_s)

    def healthy(self, *, timeout_s: float = 2.0) -> bool:
        """Whether it answers now."""
        try:
            return bool(self.get("/health", timeout_s=timeout_s))
        except FactoryGenError:
            return False

    def _ask(self, method: str, path: str, body: Any, timeout_s: float) -> Any:
        for wait_s in BUSY_WAITS_S:
            try:
                return self._ask_once(method, path, body, timeout_s)
            except _Busy:
                time.sleep(wait_s)
        return self._ask_once(method, path, body, timeout_s)

    def _ask_once(self, method: str, path: str, body: Any, timeout_s: float) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        try:
            with _open(request, timeout=timeout_s) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if error.code >= 500:
                raise _Busy(**self._down(f"the answer {error.code}")) from error
            raise FactoryGenError(
                expected=f"the job engine to accept {method} {path}",
                found=f"{error.code} {error.read(500).decode(errors='replace')}",
                action="Bring the engine and this program to the same version, then try again.",
            ) from error
        except (OSError, TimeoutError) as error:
            found = str(getattr(error, "reason", error)) or type(error).__name__
            raise EngineDown(**self._down(found)) from error
        return json.loads(text) if text else {}

    def _down(self, found: str) -> dict[str, str]:
        return {
            "expected": f"the job engine at {self.url}",
            "found": found,
            "action": "Start it with `factory-gen up`, or give its address in FACTORY_GEN_ENGINE_URL; when it runs, it"
            " is busy: try again.",
        }
