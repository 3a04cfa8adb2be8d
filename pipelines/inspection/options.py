"""How a gate is run: what the command line says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from factory_gen.errors import UsageError

AUTO, ALL = "auto", "all"
APART = "apart"
TRAIN_ON = ("references", APART)


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """How a gate is run.

    Attributes:
        settings: "small", "full" or "tiny".
        inspector: a name in `factory_gen.gate.inspectors.INSPECTORS`, or "command" with `command`.
        seeds: trainings of each arm on each split, at least 2.
        splits: how often the validation is dealt anew, with seeds of its own.
        shares: "auto" lets the validation choose the share per type, "all" gives every type the full one, a number
            above 0 and up to 1 gives every type that one, "crack=0.5,dent=1" gives types their own and all others none.
        train_on: "references" trains the inspectors on the real pictures that the generator knew, "apart" on one half
            of the held-out groups, judged by the other half, so that no two of the three share a group.
        references: real defects per type given to the inspectors; None for all.
        finish: share of the steps, at the end, in which the arms with our samples show real windows in their place.
        curve: also the lift against the number of synthetic pictures.
        reject: the plant's limit of good parts rejected, a share.
        workers: processes side by side; 0 takes 2 on a CPU where this process may use two cores or more, else 1.
        resume: take the results that earlier gates left, of this or another version; False trains everything anew.
    """

    settings: str = "small"
    inspector: str = "segmentation"
    command: str | None = None
    seeds: int = 3
    splits: int = 1
    shares: str = "auto"
    train_on: str = "references"
    references: int | None = None
    finish: float = 0.0
    curve: bool = False
    reject: float = 0.05
    workers: int = 0
    resume: bool = True

    def __post_init__(self) -> None:
        fits = self.seeds >= 2 and self.splits >= 1 and 0 <= self.reject < 1 and 0 <= self.finish < 1
        fits = (
            fits
            and self.train_on in TRAIN_ON
            and (self.shares == AUTO or _read_shares(self.shares) is not None)
        )
        if not fits or (self.references is not None and self.references < 2):
            raise UsageError(
                expected="2 or more seeds, 1 or more splits, 2 or more references, a reject limit and a finish in "
                f"[0,1), shares {AUTO}, {ALL}, a number in (0,1] or TYPE=SHARE,..., "
                f"training on {' or '.join(TRAIN_ON)}",
                found=f"{self.seeds} seeds, {self.splits} splits, {self.references} references, "
                f"limit {self.reject}, finish {self.finish}, shares {self.shares}, training on {self.train_on}",
                action="Correct the option.",
            )

    def fixed_shares(self, types: Sequence[str]) -> dict[str, float] | None:
        """Type to the share that was asked for, None where the validation chooses.

        Raises:
            UsageError: a share for a type that the part does not have.
        """
        found = _read_shares(self.shares)
        if found is None or isinstance(found, float):
            return None if found is None else dict.fromkeys(types, found)
        if unknown := sorted(set(found) - set(types)):
            raise UsageError(
                expected=f"--shares for the types of the part: {', '.join(types)}",
                found=", ".join(unknown),
                action="Correct the names.",
            )
        return {name: found.get(name, 0.0) for name in types}

    def processes(self, device: str) -> int:
        """How many processes work side by side on a device."""
        if self.workers:
            return self.workers
        return min(2, len(os.sched_getaffinity(0))) if device == "cpu" else 1


def _read_shares(text: str) -> float | dict[str, float] | None:
    """One share for all types, or a share per named type; None for what is neither."""
    if text == ALL:
        return 1.0
    if "=" not in text:
        return _share(text) or None
    found = {}
    for word in text.split(","):
        name, _, number = word.strip().rpartition("=")
        share = _share(number)
        if not name or name in found or share is None:
            return None
        found[name] = share
    return found if any(found.values()) else None


def _share(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None
