"""Make the next thing while this one is used: a thread decodes the coming pictures while the networks draw."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


@contextmanager
def look_ahead(make: Callable[[Item], Made], items: Sequence[Item], depth: int) -> Iterator[Iterator[Made]]:
    """Results of `make` for each item in order, up to `depth` of them made before they are asked for.

    Args:
        make: called in one thread of its own, one item at a time; what it raises is raised where its result is
            asked for.
        items: what to make.
        depth: 0 makes each when it is asked for; memory holds one more than this.

    The thread ends with the block: what is being made is waited for, what is not begun is dropped.
    """
    with ThreadPoolExecutor(1) as aside:

        def results() -> Iterator[Made]:
            coming: deque[Future[Made]] = deque()
            for item in items:
                coming.append(aside.submit(copy_context().run, make, item))
                if len(coming) > depth:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

        try:
            yield results()
        finally:
            aside.shutdown(cancel_futures=True)
