"""What is checked before an export writes its first byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from data_registry.outcome_records import HELPS, VerdictRecord
from data_registry.records import DatasetVersionRecord, PartRecord
from factory_gen.errors import GateNotPassed, NoSpace
from factory_gen.export.gate import Gate
from pipelines.release.version import Selection
from pipelines.wiring import Workplace

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


def check_verdict(part: str, version: int | None, verdict: VerdictRecord | None, gate: Gate) -> None:
    """Let the gate stop an export that has not been shown to help an inspector.

    Args:
        part: the part's name.
        version: number of the synthetic version, None while nothing has frozen it.
        verdict: the last one on this version, None before any.
        gate: stops, or counts where there is a reason to go on.
    """
    if verdict is not None and verdict.decision == HELPS:
        return
    which = f"version {version}" if version is not None else "these samples"
    number = f" --version {version}" if version is not None else ""
    gate.fail(
        "verdict",
        expected=f"the verdict 'helps' on {which} of {part}",
        found="no verdict: nothing has been trained with and without them"
        if verdict is None
        else verdict_sentence(verdict),
        action=f"Run `factory-gen gate --part {part}{number}`."
        if verdict is None
        else "See the gate's report for the defect types that hurt, change the samples, and run it again.",
    )


def confirmed_reason(work: Workplace, part: PartRecord, version: DatasetVersionRecord | None) -> str | None:
    """The reason for which two people let this very version go against the gate, with their names; None without."""
    if version is None:
        return None
    with work.registry.read() as rows:
        asked = rows.overrides.latest(part.id, version.id)
    if asked is None or asked.confirmed_by is None:
        return None
    return f"{asked.reason} (asked by {asked.asked_by}, confirmed by {asked.confirmed_by})"


def verdict_sentence(verdict: VerdictRecord | None) -> str:
    """What the gate said of a version, in a sentence without an end mark; the same for the card and for people."""
    if verdict is None:
        return "no gate has judged this version"
    finish = float(verdict.report.get("finish") or 0.0)
    trained = f", by inspectors that saw real defects alone in the last {finish:.0%} of their training"
    return (
        f"the gate's verdict is '{verdict.decision}': {verdict.metric} {verdict.lift:+.3f} "
        f"({verdict.lift_low:+.3f} to {verdict.lift_high:+.3f}) on real pictures that were held out"
        + (trained if finish else "")
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
