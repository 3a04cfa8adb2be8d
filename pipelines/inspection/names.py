"""Where the result of each training lies: its name is a hash of everything that decides it.

What a training sees is named by content (hashes of pictures and masks, groups, types), not by the number of a version
or model. So the arms without synthetic data are trained once for all versions of a part, and a change of catalogue,
split or settings gives another name.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from data_registry.records import SourceImageRecord
from factory_gen.gate.arms import SYNTHETIC, find_arm
from pipelines.inspection.bench import Bench
from pipelines.inspection.pictures import Sides
from pipelines.inspection.runs import FINAL, Run, steps_of


class ResultNames:
    """Names of the results of one gate.

    Args:
        bench: with the rows of what its trainings see.
        folder: where results are kept.
    """

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._bench, self._folder = bench, folder
        self._real: dict[int, str] = {}
        self._ours = _digest(
            [
                (
                    member["image_sha256"],
                    member["mask_sha256"],
                    member["lineage"]["sample_id"],  # type: ignore[index]
                    member["lineage"]["defect_type"],  # type: ignore[index]
                    member["lineage"]["source_sha256"],  # type: ignore[index]
                )
                for member in bench.rows.members
            ]
        )
        self._program = _program(bench.task.command)

    def path(self, run: Run) -> Path:
        """Where the result of a run is or will be."""
        task, settings = self._bench.task, self._bench.task.settings
        facts: dict[str, Any] = {
            "inspector": [task.inspector, task.command, self._program],
            "windows": [task.window, task.moves, self._bench.rows.whole, self._bench.rows.types],
            "steps": [steps_of(run, settings), settings.batch, settings.extra, settings.learning_rate],
            "validation_goods": settings.validation_goods,
            "device": task.device,
            "real": self._sides(run.split),
            "synthetic": self._ours if SYNTHETIC in find_arm(run.arm).fills else None,
        }
        if run.stage != FINAL and (spare := self._bench.sides(run.split).spare):
            facts["spare"] = _digest(_rows(spare))
        return self._folder / run.file_name(facts)

    def _sides(self, split: int) -> str:
        if split not in self._real:
            sides: Sides = self._bench.sides(split)
            parts = [_rows(side) for side in (sides.good, sides.bad, sides.test_good, sides.test_bad)]
            self._real[split] = _digest([*parts, list(self._bench.rows.test_groups)])
        return self._real[split]


def _rows(pictures: Iterable[tuple[SourceImageRecord, ...]]) -> list[list[list[Any]]]:
    """What decides how pictures look and count."""
    return [
        [[row.sha256, row.mask_sha256, row.defect_type, row.group, row.bit_depth] for row in rows]
        for rows in pictures
    ]


def _program(command: str | None) -> list[str]:
    """Hashes of the files that a command names, so that a changed program is another inspector."""
    found = []
    for word in shlex.split(command or ""):
        with suppress(OSError):
            found.append(hashlib.sha256(Path(word).read_bytes()).hexdigest())
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
