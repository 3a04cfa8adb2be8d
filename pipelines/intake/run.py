"""What the steps of one ingest share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data_registry.layouts.archive import Source
from data_registry.layouts.table import Detected
from pipelines.intake.notebook import Notebook
from pipelines.intake.options import IngestOptions
from pipelines.intake.refusals import Refusals
from pipelines.progress import Progress
from pipelines.wiring import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRun:
    """One ingest on its way.

    Attributes:
        work: settings, registry and blob store.
        source: folder or zip as the user gave it; `opened` is the folder that is read.
        part: the part's name.
        options: the user's wishes.
        detected: the layout.
        notebook: what was found so far.
        refusals: files that were turned away so far.
        pool: `threads` threads for decoding and for storing bytes.
        progress: whom to tell.
    """

    work: Workplace
    source: Path
    opened: Source
    part: str
    options: IngestOptions
    detected: Detected
    notebook: Notebook
    refusals: Refusals
    pool: ThreadPoolExecutor
    threads: int
    progress: Progress

    @property
    def root(self) -> Path:
        """The folder that is read."""
        return self.opened.root
