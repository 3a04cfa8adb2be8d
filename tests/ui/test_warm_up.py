"""The warm-up imports every page and leaves the garbage collector little to look at."""

from __future__ import annotations

import gc
import sys

from ui.pages_table import present
from ui.warm_up import LATER, begin_warm_up


def test_pages_are_imported_and_what_stays_is_not_looked_at_again() -> None:
    try:
        begin_warm_up().join()
        wanted = {*LATER, *(entry.module for entry in present())}
        assert wanted <= set(sys.modules)
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
