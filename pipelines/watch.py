"""`watch`: pictures that a line camera drops into a folder are ingested once each and judged for drift."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from data_registry.errors import NotFound
from data_registry.layouts.walk import READABLE_SUFFIXES
from factory_gen.errors import InputRefused
from pipelines import ingest, monitor
from pipelines.intake.options import IngestOptions
from pipelines.progress import Progress, Silent
from pipelines.wiring import Workplace

SETTLED_S = 2.0  # a file that has not changed for so long is complete
Hold = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class WatchReport:
    """One look at the folder.

    Attributes:
        part: whose pictures.
        taken: new pictures that were ingested.
        known: pictures that the part has already, under whatever name.
        unfinished: files that are still being written; the next look takes them.
        refused: files that cannot be read, by reason.
        dataset_version: the catalogue version with the new ones, None without any.
        alarm: whether drift raised an alarm.
        drift: what the monitor says, in a sentence.
    """

    part: str
    taken: int
    known: int
    unfinished: int
    refused: dict[str, int]
    dataset_version: int | None
    alarm: bool
    drift: str


def looks(
    work: Workplace,
    folder: Path,
    part: str,
    *,
    window: int | None = None,
    progress: Progress | None = None,
    hold: Hold,
    settled_s: float = SETTLED_S,
) -> Iterator[WatchReport]:
    """Look at the folder again and again; each look gives a report.

    Args:
        work: where things are.
        folder: where the pictures appear; it is only read.
        part: name of a part that has been ingested.
        window: pictures per window of the monitor.
        progress: told how far it is.
        hold: keeps other jobs off the part while one look writes.
        settled_s: seconds without a change after which a file counts as complete.

    Raises:
        InputRefused: no such folder.
        NotFound: no such part.
    """
    if not folder.is_dir():
        raise InputRefused(
            expected="a folder to watch", found=f"no folder {folder}", action="Make it, or correct the path."
        )
    while True:
        with hold(part):
            report = look(work, folder, part, window, progress or Silent(), settled_s)
        yield report


def look(
    work: Workplace, folder: Path, part: str, window: int | None, say: Progress, settled_s: float = SETTLED_S
) -> WatchReport:
    """Take in what is new and complete, and judge what has come in since the champion's training."""
    with work.registry.read() as rows:
        owner = rows.parts.get(part)
    complete, unfinished = _complete(folder, settled_s)
    new, known = _new(work, owner.id, complete)
    taken, refused, version = 0, {}, None
    if new:
        with tempfile.TemporaryDirectory(dir=work.settings.home, prefix=".watch-") as staged:
            _stage(new, Path(staged))
            # One picture, one part: the camera says nothing of groups, and look-alikes are all good ones of one line.
            options = IngestOptions(layout="ok_ng", max_refused=len(new))
            try:
                report = ingest.run(work, Path(staged), part, options=options, progress=say)
                taken, refused, version = report.added, dict(report.refused_by_reason), report.dataset_version
            except InputRefused as refusal:
                refused = {str(refusal.found): len(new)}
    alarm, drift = _drift(work, part, window, say)
    return WatchReport(
        part=part,
        taken=taken,
        known=known,
        unfinished=unfinished,
        refused=refused,
        dataset_version=version,
        alarm=alarm,
        drift=drift,
    )


def wait(seconds: float) -> None:
    """Pause between two looks."""
    time.sleep(seconds)


def _complete(folder: Path, settled_s: float) -> tuple[list[Path], int]:
    """Picture files that have not changed for a while, in the order of their names, and how many others there are."""
    now = time.time()
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in READABLE_SUFFIXES and path.is_file() and not path.is_symlink()
    ]
    # A file from the future (another machine's clock) is as complete as it will ever look.
    complete = [path for path in files if not 0 <= now - path.stat().st_mtime < settled_s]
    return complete, len(files) - len(complete)


def _new(work: Workplace, part_id: int, files: list[Path]) -> tuple[dict[str, Path], int]:
    """Files by hash that the part does not have yet, and how many it has."""
    hashes: dict[str, Path] = {}
    for path in files:
        with path.open("rb") as file:
            hashes.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), path)
    with work.registry.read() as rows:
        known = rows.images.known_hashes(part_id, list(hashes))
    new = {sha256: path for sha256, path in hashes.items() if sha256 not in known}
    return new, len(files) - len(new)


def _stage(new: dict[str, Path], folder: Path) -> None:
    """Copies under names of their own: a camera may use a name again for another picture."""
    (folder / "ok").mkdir()
    for sha256, path in new.items():
        shutil.copyfile(path, folder / "ok" / f"{path.stem[:80]}-{sha256[:12]}{path.suffix.lower()}")


def _drift(work: Workplace, part: str, window: int | None, say: Progress) -> tuple[bool, str]:
    """The monitor's word on everything since the champion's training; waiting is no fault."""
    try:
        report = monitor.run(work, part, window=window, progress=say)
    except (InputRefused, NotFound) as refusal:
        return False, f"not judged: expected {refusal.expected}; found {refusal.found}"
    return report.windows[-1].alarm != (), report.next_step
