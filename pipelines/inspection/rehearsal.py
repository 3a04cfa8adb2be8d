"""What a rehearsal of the gate found: the validation alone, so that a remedy can be chosen without the hold-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.inspection.plan import Validation

MEAN = "mean of types"


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """Inspectors trained on one part of the generator's groups and scored on the other, with and without samples.

    Attributes:
        part, version: what was tried.
        average_precision: one row per defect type and one for their mean: the control's figure and that of each offered
            share of our samples, over all folds together.
        shares: the share that the gate would choose, per type, for each split.
        chosen: False where no type gained, so that the gate would give all the largest share offered.
        converged: whether the control gained no more in its second half of the steps.
        inspector, settings, splits: how.
        seconds, machine, command: when and where; `notes` says what a reader should know.
    """

    part: str
    version: int
    average_precision: Sequence[Mapping[str, str | float]]
    shares: Mapping[str, Mapping[str, float]]
    chosen: bool
    converged: bool | None
    inspector: str
    settings: str
    splits: int
    seconds: float
    machine: str
    command: str
    notes: Sequence[str]


def rows_of(figures: Mapping[str, Mapping[str, float]], types: Sequence[str]) -> list[dict[str, str | float]]:
    """A row per type and one for their mean, a column per arm; a type without held-out defects counts nowhere."""
    rows: list[dict[str, str | float]] = []
    for name in types:
        found = {arm: of_arm.get(name, float("nan")) for arm, of_arm in figures.items()}
        if all(np.isfinite(value) for value in found.values()):
            rows.append({"type": name, **{arm: round(value, 4) for arm, value in found.items()}})
    means = {arm: round(float(np.mean([float(row[arm]) for row in rows])), 4) for arm in figures if rows}
    return [*rows, {"type": MEAN, **means}] if rows else rows


def notes_of(found: Validation) -> list[str]:
    """What a reader must know."""
    leaning = (
        "The generator has seen all of these pictures, so the figures lean towards its samples. Compare remedies by "
        "them; only the gate says whether the samples help."
    )
    notes = [leaning]
    if found.converged is False:
        notes.append("The control had not converged: it still gained in the second half of its steps.")
    return notes
