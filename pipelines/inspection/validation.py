"""The validation: which trainings it consists of, which share of our samples it chooses per type, what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from factory_gen.gate.arms import JUDGED
from factory_gen.gate.compare import IMAGE_METRIC, PIXEL_METRIC
from factory_gen.gate.scores import figures, merge
from factory_gen.gate.settings import GateSettings
from factory_gen.gate.shares import choose_shares
from pipelines.inspection.plan import CONTROL, Shares, Validation, as_asked, everything, finish_of
from pipelines.inspection.runs import CHOOSE, HALF, Done, Run

Figures = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class ValidationPlan:
    """The control and each arm that has a choice with each offered share, on each fold, and the control at half once.

    Attributes:
        settings: of the gate.
        types: the part's defect types.
        folds: per split, the folds that are scored in turn.
        seeds: trainings of each; the choice itself takes the sum of their scores.
        finish: share of the steps at the end in which arms with our samples show real windows alone.
        asked: a share per type to try instead of the offered ones.
    """

    settings: GateSettings
    types: Sequence[str]
    folds: Sequence[Sequence[int]]
    seeds: int = 1
    finish: float = 0.0
    asked: Mapping[str, float] | None = None

    @property
    def _offers(self) -> dict[str, Shares]:
        """Label to shares per type."""
        if self.asked is None:
            return {f"{share:g}": everything(self.types, share) for share in self.settings.offered}
        told = {f"{share:g}" for share in self.asked.values()}
        return {told.pop() if len(told) == 1 else "per type": tuple(sorted(self.asked.items()))}

    def runs(self) -> list[Run]:
        """All trainings."""
        offers = self._offers.values()
        runs = [self._half]
        for split in range(len(self.folds)):
            runs += self._of(CONTROL, split, ())
            for arm in self._choosing:
                runs += [run for shares in offers for run in self._of(arm, split, shares)]
        return runs

    def choose(self, done: Mapping[Run, Done]) -> Validation:
        """The shares; see `factory_gen.gate.shares.choose_shares`. Those asked for are not put to the choice."""
        half, whole = (_macro(done[run]) for run in (self._half, self._of(CONTROL, 0, ())[0]))
        if self.asked is not None:
            return replace(as_asked(self.asked, len(self.folds)), half=half, whole=whole)
        shares, chosen = {}, True
        for arm in self._choosing:
            found = {split: self._choice(done, arm, split) for split in range(len(self.folds))}
            if not any(share > 0 for one in found.values() for share in one.values()):
                most = max(self.settings.offered)
                found = {split: dict(everything(self.types, most)) for split in found}
                chosen = chosen and arm != JUDGED
            shares[arm] = found
        return Validation(shares, chosen, half, whole)

    def figures(self, done: Mapping[Run, Done]) -> Figures:
        """Arm to defect type to the average precision of each seed, all folds and splits counted together.

        The arms are "real", the control, and "<share> synthetic" for each share of the judged arm.
        """
        arms = {"real": (CONTROL, ())} | {
            f"{label} synthetic": (JUDGED, shares) for label, shares in self._offers.items()
        }
        found: Figures = {}
        for label, (arm, shares) in arms.items():
            runs = [run for split in range(len(self.folds)) for run in self._of(arm, split, shares)]
            by_seed = [
                _per_type(done, [run for run in runs if run.seed == seed]) for seed in range(self.seeds)
            ]
            found[label] = {name: [one.get(name, np.nan) for one in by_seed] for name in self.types}
        return found

    @property
    def _half(self) -> Run:
        return Run(HALF, CONTROL, 0, 0, self.folds[0][0], ())

    @property
    def _choosing(self) -> list[str]:
        if self.asked is not None:
            return [JUDGED]
        return [arm for arm in self.settings.chosen if arm in self.settings.arms]

    def _of(self, arm: str, split: int, shares: Shares) -> list[Run]:
        finish = finish_of(arm, self.finish)
        return [
            Run(CHOOSE, arm, seed, split, fold, shares, finish=finish)
            for fold in self.folds[split]
            for seed in range(self.seeds)
        ]

    def _choice(self, done: Mapping[Run, Done], arm: str, split: int) -> dict[str, float]:
        """An arm's share per type on one split."""
        offered = {
            share: _per_type(done, self._of(arm, split, everything(self.types, share)))
            for share in self.settings.offered
        }
        return choose_shares(_per_type(done, self._of(CONTROL, split, ())), offered, self.types)


def _per_type(done: Mapping[Run, Done], runs: Sequence[Run]) -> dict[str, float]:
    found = figures(merge([done[run].tally for run in runs]))
    prefix = "pixel_ap:" if PIXEL_METRIC in found else "image_ap:"
    return {name.removeprefix(prefix): float(v[0]) for name, v in found.items() if name.startswith(prefix)}


def _macro(done: Done) -> float:
    found = figures(done.tally)
    return float(found.get(PIXEL_METRIC, found[IMAGE_METRIC])[0])
