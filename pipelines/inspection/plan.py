"""Which trainings a gate consists of after its validation, and what that validation said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from factory_gen.gate.arms import JUDGED, find_arm
from factory_gen.gate.settings import GateSettings
from pipelines.inspection.runs import FINAL, Run

CONTROL = "oversampled"
AMOUNTS = (0.5, 1.0, 2.0, 4.0)
CONVERGED = 0.03  # a control that gains more than this over its second half of the steps has not converged
Shares = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Validation:
    """What was found without the hold-out.

    Attributes:
        shares: arm to split to the chosen share of its own windows per type; an arm that is missing fills all slots.
        chosen: whether any type of the judged arm gained in any split; if none did, all types get the largest share
            after all, so that the hold-out can say how much that costs.
        half, whole: the control's figure after half and after all of the steps, None if it was not looked at.
    """

    shares: Mapping[str, Mapping[int, Mapping[str, float]]]
    chosen: bool
    half: float | None
    whole: float | None

    @property
    def judged(self) -> Mapping[int, Mapping[str, float]]:
        """Split to the judged arm's share per type."""
        return self.shares[JUDGED]

    @property
    def converged(self) -> bool | None:
        """Whether the control has converged; None if it was not looked at."""
        if self.half is None or self.whole is None:
            return None
        return self.whole - self.half <= CONVERGED

    def of(self, arm: str, split: int) -> Shares:
        """An arm's shares on a split: a mixed arm has the judged one's, arms without a choice have none."""
        own = self.shares.get(JUDGED if JUDGED in find_arm(arm).fills else arm, {})
        return tuple(sorted(own.get(split, {}).items()))


def everything(types: Sequence[str], share: float = 1.0) -> Shares:
    """The same share for every type."""
    return tuple((name, share) for name in sorted(types))


def as_asked(shares: Mapping[str, float], splits: int) -> Validation:
    """No choice: the judged arm fills the same shares on every split."""
    return Validation({JUDGED: {split: dict(shares) for split in range(splits)}}, False, None, None)


def finish_of(arm: str, finish: float) -> float:
    """The asked finish for arms with our samples, none for the others."""
    return finish if JUDGED in find_arm(arm).fills else 0.0


def final_runs(
    settings: GateSettings, found: Validation, splits: int, seeds: int, curve: bool, finish: float = 0.0
) -> list[Run]:
    """Every arm with every seed on every split, seed by seed, so that a stopped gate has whole comparisons."""
    runs = []
    for split in range(splits):
        for seed in range(seeds):
            runs += [
                Run(FINAL, arm, seed, split, None, found.of(arm, split), finish=finish_of(arm, finish))
                for arm in settings.arms
            ]
            if curve:
                shares = found.of(JUDGED, split)
                runs += [Run(FINAL, JUDGED, seed, split, None, shares, amount, finish) for amount in AMOUNTS]
    return runs
