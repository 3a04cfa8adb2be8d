"""Take in a folder or zip of part pictures: look at everything and say what was found, then store it.

The first pass decodes every file and writes nothing; the report of `dry_run` is the report of the real thing. The
second pass stores bytes before rows, a chunk at a time, so a stopped ingest is started again and goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from data_registry.layouts.archive import open_source
from data_registry.layouts.table import detect
from factory_gen.errors import InputRefused, UsageError
from pipelines.intake import summary
from pipelines.intake.grouping import Dealt, deal_out
from pipelines.intake.look import look, note_stored
from pipelines.intake.notebook import open_notebook
from pipelines.intake.options import IngestOptions
from pipelines.intake.refusals import Refusals
from pipelines.intake.report import IngestReport
from pipelines.intake.run import IngestRun
from pipelines.intake.settle import settle_depth, settle_states
from pipelines.intake.write import Written, write_all
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

DEFAULTS = IngestOptions()
SILENT = Silent()


def run(
    work: Workplace,
    source: Path,
    part: str,
    *,
    options: IngestOptions = DEFAULTS,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> IngestReport:
    """Ingest a folder or a zip into a part; the same again adds nothing.

    Args:
        work: settings, registry and blob store.
        source: folder or zip; it is only read.
        part: the part's name; made when new.
        options: how to read it.
        dry_run: say what would be done and write nothing.
        progress: whom to tell.

    Raises:
        LayoutRefused, InputRefused: the source as a whole cannot be used; nothing was written.
        UsageError: the part's name is no name.
        RegistryError: the registry or the disk refuses; what was stored by then is whole.
    """
    _check_name(part)
    began = time.monotonic()
    with _started(work, source, part, options, progress) as trip:
        note_stored(trip)
        left = look(trip)
        settle_states(trip.notebook, trip.refusals)
        _require_usable(trip)
        depths = settle_depth(trip.notebook)
        dealt = deal_out(trip.notebook, trip.root, trip.detected.base, options, trip.refusals)
        written = None if dry_run else write_all(trip)
        return _report(trip, left, dealt, depths, written, time.monotonic() - began)


@contextmanager
def _started(
    work: Workplace, source: Path, part: str, options: IngestOptions, progress: Progress
) -> Iterator[IngestRun]:
    threads = work.settings.threads or len(os.sched_getaffinity(0))
    with (
        open_source(source) as opened,
        open_notebook() as notebook,
        ThreadPoolExecutor(threads, thread_name_prefix="ingest") as pool,
    ):
        yield IngestRun(
            work=work,
            source=source,
            opened=opened,
            part=part,
            options=options,
            detected=detect(opened.root, options.layout),
            notebook=notebook,
            refusals=Refusals(options.max_refused),
            pool=pool,
            threads=threads,
            progress=progress,
        )


def _check_name(part: str) -> None:
    if not part.strip() or not part.isprintable() or len(part) > 200:
        raise UsageError(
            expected="a part name of 1 to 200 printable characters",
            found=repr(part[:200]),
            action="Choose a name that fits on a line.",
        )


def _require_usable(trip: IngestRun) -> None:
    """Refuse a source without a usable or without a good picture, unless the part has good ones."""
    usable = trip.notebook.one("SELECT count(*) FROM files WHERE state <> 'out'")
    good = trip.notebook.one("SELECT count(*) FROM members WHERE kind = 'good'")
    if usable and good:
        return
    about = f"the {trip.detected.layout.name} layout ({trip.detected.layout.about})"
    raise InputRefused(
        expected="at least one good picture" if usable else "at least one picture that can be used",
        found=f"{usable or 'no'} {'defective' if usable else 'usable'} pictures in {trip.source}, read as {about};"
        f" {trip.refusals.summary()}",
        action="Add pictures of good parts: they are what defects are painted on."
        if usable
        else "Check that this is the right folder and layout.",
    )


def _report(
    trip: IngestRun,
    left: summary.LeftOver,
    dealt: Dealt,
    depths: tuple[int | None, int | None],
    written: Written | None,
    seconds: float,
) -> IngestReport:
    notebook = trip.notebook
    defects = summary.defect_counts(notebook)
    good = summary.good_count(notebook)
    sizes, distinct = summary.size_counts(notebook)
    wanted_count, wanted = summary.mask_wanted(notebook)
    repeated, repeats = summary.duplicates(notebook)
    looked_at = notebook.one("SELECT count(DISTINCT path) FROM files")
    warnings = [*trip.opened.notes, *summary.content_warnings(notebook)]
    if depths[1] is not None:
        warnings.append(f"stored 16-bit pictures were read as {depths[1]} bits, these as {depths[0]}")
    left_out = dict(left.counts)
    if trip.opened.system_files:
        left_out["system-file"] = left_out.get("system-file", 0) + trip.opened.system_files
    return IngestReport(
        part=trip.part,
        source=str(trip.source),
        layout=trip.detected.layout.name,
        other_layouts=trip.detected.others,
        dry_run=written is None,
        good=good,
        defects=defects,
        masks_matched=sum(one.with_mask for one in defects),
        masks_unmatched_count=left.masks_count,
        masks_unmatched=tuple(left.masks),
        mask_wanted_count=wanted_count,
        mask_wanted=wanted,
        refused_by_reason=trip.refusals.by_reason(),
        refused=tuple(trip.refusals.listed),
        left_out=left_out,
        left_out_examples=tuple(left.examples),
        sizes=sizes,
        distinct_sizes=distinct,
        modes=summary.mode_counts(notebook),
        conversions=summary.conversion_counts(notebook),
        duplicates=repeated,
        duplicate_examples=repeats,
        grouping=dealt.grouping,
        splits=summary.split_counts(notebook),
        warnings=(*warnings, *summary.defect_warnings(defects), *dealt.warnings),
        possible=summary.what_is_possible(good, defects),
        added=written.added if written else 0,
        completed=written.completed if written else 0,
        already_there=notebook.one("SELECT count(*) FROM files WHERE state IN ('known', 'mask')"),
        dataset_version=written.version.number if written else None,
        seconds=seconds,
        images_per_s=looked_at / max(seconds, 1e-9),
    )
