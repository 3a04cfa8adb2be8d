"""From the tallies of all runs to means, lifts and the verdict.

Shape legend: N runs (seeds x splits), R resamplings of the groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.gate.decide import Decision, Lift, decide, draw_groups, lift_of
from factory_gen.gate.scores import Figures, Tally, figures
from factory_gen.seeds import numpy_generator

PIXEL_METRIC, IMAGE_METRIC = "pixel_ap_macro", "image_ap_macro"


@dataclass(frozen=True)
class Comparison:
    """All arms against each other.

    Attributes:
        metric: the figure that decides, mean over the defect types.
        figures: arm to figure to (mean, standard deviation over the runs).
        decision: the judged arm against the better baseline.
        lifts: arm to its lift in the deciding figure over that baseline.
        per_type: defect type to the judged arm's lift.
        others: further figures' lifts of the judged arm, such as the pooled average precision.
    """

    metric: str
    figures: Mapping[str, Mapping[str, tuple[float, float]]]
    decision: Decision
    lifts: Mapping[str, Lift]
    per_type: Mapping[str, Lift]
    others: Mapping[str, Lift]


def compare(
    tallies: Mapping[str, Sequence[Tally]],
    *,
    judged: str,
    baselines: Sequence[str],
    draws: int,
    seed: int,
    reject: float,
) -> Comparison:
    """Compare arms.

    Args:
        tallies: arm to the tallies of its runs, in the same order of runs, all of the same groups.
        judged: the arm that the verdict is about.
        baselines: arms without our data, of those that were run.
        draws: resamplings.
        seed: of the resampling.
        reject: limit of good parts rejected, a share.

    Raises:
        UsageError: fewer than two runs of an arm.
    """
    first = next(iter(tallies.values()))[0]
    weights = draw_groups(first.clusters, draws, numpy_generator(seed, "gate", "groups"))
    values, drawn = {}, {}
    for arm, runs in tallies.items():
        values[arm] = _stack([figures(tally, reject=reject) for tally in runs])
        drawn[arm] = _stack([figures(tally, weights, reject=reject) for tally in runs])
    metric = PIXEL_METRIC if PIXEL_METRIC in values[judged] else IMAGE_METRIC

    def lift(arm: str, against: str, name: str) -> Lift:
        return lift_of(
            {other: found[name][:, 0] for other, found in values.items()},
            {other: found[name] for other, found in drawn.items()},
            arm,
            against,
            numpy_generator(seed, "gate", "runs", arm, name),
        )

    decision = decide(
        {arm: found[metric][:, 0] for arm, found in values.items()},
        {arm: found[metric] for arm, found in drawn.items()},
        arm=judged,
        baselines=baselines,
        defects=first.defects,
        rng=numpy_generator(seed, "gate", "runs", judged, metric),
    )
    against, prefix = decision.against, metric.removesuffix("_macro") + ":"
    names = [name for name in values[judged] if name != metric]
    return Comparison(
        metric=metric,
        figures={arm: _summary(found) for arm, found in values.items()},
        decision=decision,
        lifts={arm: lift(arm, against, metric) for arm in values if arm != against},
        per_type={
            name.removeprefix(prefix): lift(judged, against, name)
            for name in names
            if name.startswith(prefix) and np.isfinite(values[judged][name]).any()
        },
        others={
            name: lift(judged, against, name)
            for name in names
            if ":" not in name and np.isfinite(values[judged][name]).any()
        },
    )


def _stack(found: Sequence[Figures]) -> dict[str, np.ndarray]:
    """Figure to (N,R)."""
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def _summary(found: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    return {
        name: (float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0)
        for name, values in found.items()
    }
