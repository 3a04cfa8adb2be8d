"""What only the first visitor would wait for, done in the background as soon as the server runs."""

from __future__ import annotations

import gc
from importlib import import_module
from threading import Thread

from ui.pages_table import present

# what pages import only when it is asked for, and what takes seconds
LATER = (
    "pipelines.drawing.try_out",
    "pipelines.drawing.variants",
    "pipelines.explore",
    "pipelines.export",
    "pipelines.ingest",
)


def begin_warm_up() -> Thread:
    """Import every page and what it draws with; whoever comes earlier waits for an import as ever."""
    thread = Thread(target=_warm_up, name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm_up() -> None:
    for entry in present():
        import_module(entry.module)
    for name in LATER:
        import_module(name)
    # The libraries are half a million objects that stay. Not looking at them again makes each collection, which
    # would hold up every visitor, a matter of milliseconds.
    gc.collect()
    gc.freeze()
