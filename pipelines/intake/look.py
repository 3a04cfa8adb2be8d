"""The first pass: every file is opened and checked, nothing is written outside the notebook."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from itertools import groupby

from data_registry.layouts.found import Found, Leftover, Rejected
from data_registry.layouts.table import scan
from data_registry.records import PartRecord
from data_registry.session import Work
from pipelines.intake.check import Checked, check_picture
from pipelines.intake.report import Refusal
from pipelines.intake.run import IngestRun
from pipelines.intake.summary import LeftOver

_STAGE = "looking"
_IN_FLIGHT = 8  # pictures in work at once, for each thread


def note_stored(run: IngestRun) -> None:
    """Note what the registry has of this part already."""
    with run.work.registry.read() as rows:
        part = find_part(rows, run.part)
        if part is None:
            return
        version = rows.datasets.latest(part.id, "catalogue")
        # rows are only ever added, so the first ones are those of the last finished ingest
        settled = version.counts.get("images", 0) if version is not None else 0
        run.notebook.note_known(rows.images.stream(part.id), settled)


def find_part(rows: Work, name: str) -> PartRecord | None:
    """The part of that name, None when there is none yet."""
    return next((part for part in rows.parts.list() if part.name == name), None)


def look(run: IngestRun) -> LeftOver:
    """Check every picture in a few threads and note the results in the layout's order.

    Raises:
        InputRefused: too many files cannot be used.
        LayoutRefused: a description file of the layout is broken.
    """
    left = LeftOver()
    run.progress.start(_STAGE, None, "pictures")
    waiting: deque[Future[list[Checked | Refusal]]] = deque()
    try:
        for _, group in groupby(scan(run.root, run.detected), key=lambda finding: finding.relative_path):
            founds = []
            for finding in group:
                if isinstance(finding, Found):
                    founds.append(finding)
                else:
                    _set_aside(run, finding, left)
            if founds:
                waiting.append(run.pool.submit(check_picture, run.root, founds, run.options))
            if len(waiting) >= _IN_FLIGHT * run.threads:
                _note(run, waiting.popleft().result())
        while waiting:
            _note(run, waiting.popleft().result())
    finally:
        for future in waiting:  # when the whole ingest is refused, the rest need not be looked at
            future.cancel()
    run.progress.finish(_STAGE)
    return left


def _note(run: IngestRun, results: list[Checked | Refusal]) -> None:
    for result in results:
        if isinstance(result, Refusal):
            run.refusals.add(result)
        else:
            run.notebook.note(result)
    run.progress.advance(_STAGE)


def _set_aside(run: IngestRun, finding: Leftover | Rejected, left: LeftOver) -> None:
    if isinstance(finding, Leftover):
        left.add(finding)
        return
    run.refusals.add(
        Refusal(
            path=finding.relative_path,
            reason=finding.reason,
            expected=finding.expected,
            found=finding.found,
            action=finding.action,
        )
    )
