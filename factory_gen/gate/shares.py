"""How much synthetic data each defect type gets, none included: chosen on a validation without the hold-out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from factory_gen.seeds import numpy_generator

FOLDS = 2


def deal_groups(pictures: Iterable[tuple[str, Sequence[str]]], folds: int, seed: int) -> dict[str, int]:
    """Group to fold, so that each fold gets about as many defects of each type.

    Groups come in random order, those with the rarest types first; each goes where its types are fewest.

    Args:
        pictures: group and defect types of each; no types for a good one.
        folds: how many.
        seed: of the order.
    """
    members: dict[str, dict[str, int]] = {}
    for owner, labels in pictures:
        counts = members.setdefault(owner, {})
        for name in labels or ("",):
            counts[name] = counts.get(name, 0) + 1
    total: dict[str, int] = {}
    for counts in members.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    rng = numpy_generator(seed, "gate", "folds")
    order = [sorted(members)[place] for place in rng.permutation(len(members))]
    order.sort(key=lambda group: min(total[name] for name in members[group]))
    filled: list[dict[str, float]] = [{} for _ in range(folds)]
    dealt: dict[str, int] = {}
    for group in order:
        loads = [sum(fold.get(name, 0.0) / total[name] for name in members[group]) for fold in filled]
        chosen = int(np.argmin(loads))
        dealt[group] = chosen
        for name, count in members[group].items():
            filled[chosen][name] = filled[chosen].get(name, 0.0) + count
    return dealt


def choose_shares(
    control: Mapping[str, float], offered: Mapping[float, Mapping[str, float]], types: Iterable[str]
) -> dict[str, float]:
    """The share with the best validation figure per type; 0 where the control's is as good.

    Args:
        control: type to figure without synthetic data.
        offered: share to type to figure with it.
        types: all types.
    """
    chosen = {}
    for name in types:
        best, share = control.get(name, float("nan")), 0.0
        for candidate, figures in sorted(offered.items()):
            found = figures.get(name, float("nan"))
            if np.isfinite(found) and (not np.isfinite(best) or found > best):
                best, share = found, candidate
        chosen[name] = share
    return chosen


def class_mix(types: Sequence[str]) -> dict[str, float]:
    """Type to its part of the extra slots: all alike, whatever the shares, so that the control stays the same."""
    return {name: 1.0 / len(types) for name in types}
