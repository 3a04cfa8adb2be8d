"""Which trainings a gate consists of, and what its validation says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from factory_gen.gate.arms import JUDGED, find_arm
from factory_gen.gate.compare import IMAGE_METRIC, PIXEL_METRIC
from factory_gen.gate.scores import figures, merge
from factory_gen.gate.settings import GateSettings
from factory_gen.gate.shares import FOLDS, choose_shares
from pipelines.inspection.runs import CHOOSE, FINAL, HALF, Done, Run

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


def validation_runs(settings: GateSettings, types: Sequence[str], splits: int) -> list[Run]:
    """The control and each arm that has a choice with each offered share on each fold, and the control at half once."""
    runs = [Run(HALF, CONTROL, 0, 0, 0, ())]
    for split in range(splits):
        for fold in range(FOLDS):
            runs.append(_control(split, fold))
            for arm in _choosing(settings):
                runs += [_offered(types, arm, split, fold, share) for share in settings.offered]
    return runs


def validate(
    done: Mapping[Run, Done], settings: GateSettings, types: Sequence[str], splits: int
) -> Validation:
    """Choose the shares; see `factory_gen.gate.shares.choose_shares`."""
    shares, chosen = {}, True
    for arm in _choosing(settings):
        found = {split: _choice(done, settings, types, arm, split) for split in range(splits)}
        if not any(share > 0 for one in found.values() for share in one.values()):
            found = {split: dict(everything(types, max(settings.offered))) for split in found}
            chosen = chosen and arm != JUDGED
        shares[arm] = found
    half, whole = (_macro(done[run]) for run in (Run(HALF, CONTROL, 0, 0, 0, ()), _control(0, 0)))
    return Validation(shares, chosen, half, whole)


def rehearsed(
    done: Mapping[Run, Done], settings: GateSettings, types: Sequence[str], splits: int
) -> dict[str, dict[str, float]]:
    """The validation's figures: "real" for the control and each offered share of the judged arm, per type.

    All folds and splits are counted together.
    """
    folds = [(split, fold) for split in range(splits) for fold in range(FOLDS)]
    figures = {"real": _per_type(done, [_control(*where) for where in folds])}
    for share in settings.offered:
        runs = [_offered(types, JUDGED, *where, share) for where in folds]
        figures[f"{share:g} synthetic"] = _per_type(done, runs)
    return figures


def final_runs(settings: GateSettings, found: Validation, splits: int, seeds: int, curve: bool) -> list[Run]:
    """Every arm with every seed on every split, seed by seed, so that a stopped gate has whole comparisons."""
    runs = []
    for split in range(splits):
        for seed in range(seeds):
            runs += [Run(FINAL, arm, seed, split, None, found.of(arm, split)) for arm in settings.arms]
            if curve:
                shares = found.of(JUDGED, split)
                runs += [Run(FINAL, JUDGED, seed, split, None, shares, amount) for amount in AMOUNTS]
    return runs


def _choosing(settings: GateSettings) -> list[str]:
    return [arm for arm in settings.chosen if arm in settings.arms]


def _control(split: int, fold: int) -> Run:
    return Run(CHOOSE, CONTROL, 0, split, fold, ())


def _offered(types: Sequence[str], arm: str, split: int, fold: int, share: float) -> Run:
    return Run(CHOOSE, arm, 0, split, fold, everything(types, share))


def _choice(
    done: Mapping[Run, Done], settings: GateSettings, types: Sequence[str], arm: str, split: int
) -> dict[str, float]:
    """An arm's share per type on one split."""
    offered = {
        share: _per_type(done, [_offered(types, arm, split, fold, share) for fold in range(FOLDS)])
        for share in settings.offered
    }
    control = _per_type(done, [_control(split, fold) for fold in range(FOLDS)])
    return choose_shares(control, offered, types)


def _per_type(done: Mapping[Run, Done], runs: Sequence[Run]) -> dict[str, float]:
    found = figures(merge([done[run].tally for run in runs]))
    prefix = "pixel_ap:" if PIXEL_METRIC in found else "image_ap:"
    return {name.removeprefix(prefix): float(v[0]) for name, v in found.items() if name.startswith(prefix)}


def _macro(done: Done) -> float:
    found = figures(done.tally)
    return float(found.get(PIXEL_METRIC, found[IMAGE_METRIC])[0])
