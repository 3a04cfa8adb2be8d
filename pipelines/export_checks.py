"""What is checked before an export writes its first byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from factory_gen.errors import GateNotPassed, NoSpace
from factory_gen.export.gate import Gate
from pipelines.export_version import Selection

_ROOM = 1.2  # manifests, labels and the file system's own needs beside the pictures


def refuse_empty(selection: Selection, known_types: Iterable[str]) -> None:
    """Raise `GateNotPassed` when no sample may go; nothing overrides that.

    Args:
        selection: what was selected.
        known_types: defect types that the part has samples of.
    """
    if selection.images:
        return
    left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(selection.left_out.items()))
    types = ", ".join(sorted(set(known_types)))
    raise GateNotPassed(
        expected="at least one sample that passed its audit and was not reviewed NG",
        found=f"none that may go ({left_out})" if left_out else "no sample that fits",
        action=f"There are samples of {types}; ask for fewer conditions, or run `factory-gen generate`."
        if types
        else "Run `factory-gen generate` first.",
    )


def check_split(selection: Selection, gate: Gate) -> None:
    """Let the gate stop an export in which hold-out pictures were painted on: a test on them would be worthless."""
    if selection.from_holdout:
        gate.fail(
            "source_split",
            expected="every sample to be made from a picture of the generator's split",
            found=f"{selection.from_holdout} made from hold-out pictures",
            action="Generate them again from the generator's split.",
        )


def check_room(need_bytes: int, target: Path) -> None:
    """Raise `NoSpace` when the disk of `target` cannot hold the pictures."""
    place = next(folder for folder in target.parents if folder.exists())
    free = shutil.disk_usage(place).free
    if need_bytes * _ROOM > free:
        raise NoSpace(
            expected=f"{need_bytes * _ROOM / 1e6:,.0f} MB free for {target}",
            found=f"{free / 1e6:,.0f} MB",
            action="Free some space or choose another disk with --out.",
        )
