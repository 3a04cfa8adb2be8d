"""Take a long stream in pieces, so that memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

# One statement carries at most this many rows or names: fast, and below both databases' limits.
CHUNK = 1000

Item = TypeVar("Item")


def in_chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield lists of up to `size` items in order; nothing for an empty stream."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
