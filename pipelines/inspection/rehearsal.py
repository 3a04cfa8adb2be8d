"""What a rehearsal of the gate found: the validation alone, so that a remedy can be chosen without the hold-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.inspection.plan import Validation
from pipelines.inspection.validation import Figures

MEAN = "mean of types"


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """Inspectors trained on one part of the generator's groups and scored on the other, with and without samples.

    Attributes:
        part, version: what was tried.
        average_precision: one row per defect type and one for their mean: the control's figure and that of each share
            of our samples, over all folds together, as the mean over the seeds; `spread` has the same rows with the
            standard deviation over the seeds, None with one seed.
        shares: the share that the gate would choose, per type, for each split, or that was asked for.
        chosen: False where no type gained, so that the gate would give all the largest share offered, and where shares
            were asked for.
        converged: whether the control gained no more in its second half of the steps.
        inspector, settings, splits, seeds, references, finish: how.
        defects, groups: defective pictures scored, and their groups.
        seconds, machine, command: when and where; `notes` says what a reader should know.
    """

    part: str
    version: int
    average_precision: Sequence[Mapping[str, str | float]]
    spread: Sequence[Mapping[str, str | float | None]]
    shares: Mapping[str, Mapping[str, float]]
    chosen: bool
    converged: bool | None
    inspector: str
    settings: str
    splits: int
    seeds: int
    references: int | None
    finish: float
    defects: int
    groups: int
    seconds: float
    machine: str
    command: str
    notes: Sequence[str]


def rows_of(figures: Figures) -> tuple[list[dict[str, str | float]], list[dict[str, str | float | None]]]:
    """A row per type and one for their mean, a column per arm: means and standard deviations over the seeds.

    A type without pictures to score counts nowhere.
    """
    names = next(iter(figures.values()))
    known = [name for name in names if all(np.isfinite(of_arm[name]).all() for of_arm in figures.values())]
    means: list[dict[str, str | float]] = [{"type": name} for name in (*known, MEAN) if known]
    spread: list[dict[str, str | float | None]] = [{"type": name} for name in (*known, MEAN) if known]
    for arm, of_arm in figures.items():
        of_types = [np.asarray(of_arm[name]) for name in known]
        for place, values in enumerate([*of_types, np.mean(of_types, axis=0)] if known else []):
            means[place][arm] = round(float(values.mean()), 4)
            spread[place][arm] = round(float(values.std(ddof=1)), 4) if len(values) > 1 else None
    return means, spread


def notes_of(found: Validation, *, spare: bool, seen: bool) -> list[str]:
    """What a reader must know.

    Args:
        found: what the validation said.
        spare: whether real defects were scored that the inspectors were not to be given.
        seen: whether the generator was trained on pictures that were scored.
    """
    notes = []
    if spare:
        notes.append("Scored are defects of the generator's side in groups that show none of those given.")
    if seen:
        notes.append(
            "The generator has seen pictures that were scored, so the figures lean towards its samples. Compare "
            "remedies by them; only the gate says whether the samples help."
        )
    if found.converged is False:
        notes.append("The control had not converged: it still gained in the second half of its steps.")
    return notes
