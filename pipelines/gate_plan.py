"""Which trainings a gate consists of, and what its validation says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from factory_gen.gate.arms import JUDGED
from factory_gen.gate.compare import IMAGE_METRIC, PIXEL_METRIC
from factory_gen.gate.scores import figures, merge
from factory_gen.gate.settings import GateSettings
from factory_gen.gate.shares import FOLDS, choose_shares
from pipelines.gate_runs import CHOOSE, FINAL, HALF, Done, Run

CONTROL = "oversampled"
AMOUNTS = (0.5, 1.0, 2.0, 4.0)
CONVERGED = 0.03  # a control that gains more than this over its second half of the steps has not converged
Shares = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Validation:
    """What was found without the hold-out.

    Attributes:
        shares: split to the chosen share of synthetic data per type.
        chosen: whether any type gained in any split; if none did, all types get the full share after all, so that
            the hold-out can say how much that costs.
        half, whole: the control's figure after half and after all of the steps, None if it was not looked at.
    """

    shares: Mapping[int, Mapping[str, float]]
    chosen: bool
    half: float | None
    whole: float | None

    @property
    def converged(self) -> bool | None:
        """Whether the control has converged; None if it was not looked at."""
        if self.half is None or self.whole is None:
            return None
        return self.whole - self.half <= CONVERGED


def everything(types: Sequence[str], share: float = 1.0) -> Shares:
    """The same share for every type."""
    return tuple((name, share) for name in sorted(types))


def validation_runs(settings: GateSettings, types: Sequence[str], splits: int) -> list[Run]:
    """The control and each offered share on each fold, and the control at half the steps once."""
    runs = [Run(HALF, CONTROL, 0, 0, 0, everything(types))]
    for split in range(splits):
        for fold in range(FOLDS):
            runs.append(Run(CHOOSE, CONTROL, 0, split, fold, everything(types)))
            for share in settings.offered:
                runs.append(_offered(types, split, fold, share))
    return runs


def validate(
    done: Mapping[Run, Done], settings: GateSettings, types: Sequence[str], splits: int
) -> Validation:
    """Choose the shares; see `factory_gen.gate.shares.choose_shares`."""
    shares = {}
    for split in range(splits):
        control = [Run(CHOOSE, CONTROL, 0, split, fold, everything(types)) for fold in range(FOLDS)]
        offered = {
            share: _per_type(done, [_offered(types, split, fold, share) for fold in range(FOLDS)])
            for share in settings.offered
        }
        shares[split] = choose_shares(_per_type(done, control), offered, types)
    chosen = any(share > 0 for found in shares.values() for share in found.values())
    if not chosen:
        shares = {split: dict(everything(types)) for split in shares}
    half, whole = (
        _macro(done[run])
        for run in (
            Run(HALF, CONTROL, 0, 0, 0, everything(types)),
            Run(CHOOSE, CONTROL, 0, 0, 0, everything(types)),
        )
    )
    return Validation(shares, chosen, half, whole)


def final_runs(
    settings: GateSettings, shares: Mapping[int, Mapping[str, float]], seeds: int, curve: bool
) -> list[Run]:
    """Every arm with every seed on every split, seed by seed, so that a stopped gate has whole comparisons."""
    runs = []
    for split, chosen in sorted(shares.items()):
        found = tuple(sorted(chosen.items()))
        for seed in range(seeds):
            runs += [Run(FINAL, arm, seed, split, None, found) for arm in settings.arms]
            if curve:
                runs += [Run(FINAL, JUDGED, seed, split, None, found, amount) for amount in AMOUNTS]
    return runs


def _offered(types: Sequence[str], split: int, fold: int, share: float) -> Run:
    return Run(CHOOSE, JUDGED, 0, split, fold, everything(types, share))


def _per_type(done: Mapping[Run, Done], runs: Sequence[Run]) -> dict[str, float]:
    found = figures(merge([done[run].tally for run in runs]))
    prefix = "pixel_ap:" if PIXEL_METRIC in found else "image_ap:"
    return {name.removeprefix(prefix): float(v[0]) for name, v in found.items() if name.startswith(prefix)}


def _macro(done: Done) -> float:
    found = figures(done.tally)
    return float(found.get(PIXEL_METRIC, found[IMAGE_METRIC])[0])
