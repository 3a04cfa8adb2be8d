"""How a gate is run: what the command line says."""

from __future__ import annotations

import os
from dataclasses import dataclass

from factory_gen.errors import UsageError

SHARES = ("auto", "all")
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
            above 0 and up to 1 gives every type that one.
        train_on: "references" trains the inspectors on the real pictures that the generator knew, "apart" on one half
            of the held-out groups, judged by the other half, so that no two of the three share a group.
        references: real defects per type given to the inspectors; None for all.
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
    curve: bool = False
    reject: float = 0.05
    workers: int = 0
    resume: bool = True

    def __post_init__(self) -> None:
        fits = self.seeds >= 2 and self.splits >= 1 and 0 <= self.reject < 1
        fits = fits and self.train_on in TRAIN_ON and (self.shares in SHARES or self.share is not None)
        if not fits or (self.references is not None and self.references < 2):
            raise UsageError(
                expected="2 or more seeds, 1 or more splits, 2 or more references, a reject limit in [0,1), "
                f"shares {', '.join(SHARES)} or a number in (0,1], training on {' or '.join(TRAIN_ON)}",
                found=f"{self.seeds} seeds, {self.splits} splits, {self.references} references, "
                f"limit {self.reject}, shares {self.shares}, training on {self.train_on}",
                action="Correct the option.",
            )

    @property
    def share(self) -> float | None:
        """The same share for every type, None where the validation chooses."""
        if self.shares == "all":
            return 1.0
        try:
            found = float(self.shares)
        except ValueError:
            return None
        return found if 0 < found <= 1 else None

    def processes(self, device: str) -> int:
        """How many processes work side by side on a device."""
        if self.workers:
            return self.workers
        return min(2, len(os.sched_getaffinity(0))) if device == "cpu" else 1
