"""The progress of work that is done while the visitor waits."""

from __future__ import annotations

import time

import streamlit as st

from ui.language.words import _

LEAST_STEP_S = 0.2


class Bar:
    """Draws a bar with the time left; a `pipelines.progress.Progress`."""

    def __init__(self) -> None:
        self._bar = st.progress(0.0, text=_("Working"))
        self._total: float | None = None
        self._done, self._since, self._drawn = 0.0, time.monotonic(), 0.0

    def start(self, stage: str, total: float | None, unit: str = "") -> None:
        """A stage begins."""
        self._total, self._done, self._since = total, 0.0, time.monotonic()
        self._bar.progress(0.0, text=_("Working"))

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        """Some of it is done."""
        self._done += amount
        now = time.monotonic()
        if not self._total or now - self._drawn < LEAST_STEP_S:
            return
        self._drawn = now
        share = min(self._done / self._total, 1.0)
        left = (now - self._since) * (1 - share) / max(share, 1e-6)
        text = _("{done} of {total}, about {n} s left")
        self._bar.progress(
            share, text=text.format(done=round(self._done), total=round(self._total), n=round(left))
        )

    def finish(self, stage: str) -> None:
        """A stage has ended."""
        self._bar.progress(1.0, text=_("Done"))

    def say(self, text: str) -> None:
        """Remarks are for logs."""
