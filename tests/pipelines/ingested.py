"""A workplace in a temporary folder, and what an ingest left in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_registry.records import SourceImageRecord
from pipelines.intake.look import find_part
from pipelines.progress import Silent
from pipelines.settings import load_settings
from pipelines.wiring import Workplace, open_workplace

PART = "tile"


@contextmanager
def workplace(home: Path) -> Iterator[Workplace]:
    """An open workplace in `home`, on two threads."""
    settings = load_settings({"home": home, "threads": 2}, environ={}).settings
    with open_workplace(settings) as work:
        yield work


def stored(work: Workplace, part: str = PART) -> dict[tuple[str, str | None], SourceImageRecord]:
    """All rows of a part by (path, defect type); none without the part."""
    with work.registry.read() as rows:
        record = find_part(rows, part)
        images = [] if record is None else list(rows.images.stream(record.id))
    return {(image.relative_path, image.defect_type): image for image in images}


def blobs(work: Workplace) -> set[str]:
    """Names of all stored bytes."""
    return set(work.blobs.iter_hashes())


def manifest(work: Workplace, part: str = PART) -> list[dict[str, Any]]:
    """The members of the part's latest catalogue version."""
    with work.registry.read() as rows:
        version = rows.datasets.latest(rows.parts.get(part).id, "catalogue")
    assert version is not None
    return [json.loads(line) for line in work.blobs.read(version.manifest_sha256).decode().splitlines()]


class Interrupt(Silent):
    """A progress that does something at one moment of a job, such as to end it.

    Args:
        moment: "advance storing", "finish looking" and the like.
        action: what happens then.
        after: how often the moment passes before.
    """

    def __init__(self, moment: str, action: Callable[[], None], after: int = 0) -> None:
        self._moment, self._action, self._left = moment, action, after

    def advance(self, stage: str, amount: float = 1.0, **figures: float | str) -> None:
        self._pass(f"advance {stage}")

    def finish(self, stage: str) -> None:
        self._pass(f"finish {stage}")

    def _pass(self, moment: str) -> None:
        if moment == self._moment:
            self._left -= 1
            if self._left < 0:
                self._action()
