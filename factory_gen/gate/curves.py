"""What the money page and the plots take from the gate: precision over recall with a band, and recall at one threshold.

Shape legend: N runs, R resamplings, P points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.gate.scores import Tally, figures

POINTS = 41
MOST_REPLICATES = 500


@dataclass(frozen=True)
class PrecisionRecall:
    """Mean precision of an arm's runs over recall, for whole pictures; `low`, `high` hold 95 % of the resamplings."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def precision_recall(tallies: Sequence[Tally], weights_RG: np.ndarray) -> PrecisionRecall:
    """The curve of one arm.

    Args:
        tallies: of the arm's runs.
        weights_RG: resampled groups.
    """
    recall = np.linspace(0, 1, POINTS)
    plain = np.ones((1, weights_RG.shape[1]))
    mean = np.mean([_precision_at(tally, plain, recall)[0] for tally in tallies], axis=0)
    drawn = np.mean([_precision_at(tally, weights_RG, recall) for tally in tallies], axis=0)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return PrecisionRecall(*(tuple(map(float, values.round(5))) for values in (recall, mean, low, high)))


def _precision_at(tally: Tally, weights_RG: np.ndarray, recall_P: np.ndarray) -> np.ndarray:
    """Best precision (R,P) at a recall of at least each point."""
    hit = np.cumsum((weights_RG @ tally.counts["image_bad"])[:, ::-1], axis=1)
    alarm = np.cumsum((weights_RG @ tally.counts["image_good"])[:, ::-1], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(hit / (hit + alarm))
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    needed = recall_P * hit[:, -1:]
    found = np.empty((len(hit), len(recall_P)))
    for row in range(len(hit)):
        place = np.searchsorted(hit[row], np.maximum(needed[row], 1e-9) - 1e-6)
        found[row] = best[row][np.minimum(place, best.shape[1] - 1)]
    return found


def operating_point(
    before: Sequence[Tally], after: Sequence[Tally], weights_RG: np.ndarray, reject: float
) -> Mapping[str, object]:
    """Recall and false rejects with and without our data, at the plant's limit, and their paired resamplings.

    Args:
        before, after: runs of the baseline and of the judged arm, in the same order.
        weights_RG: resampled groups; the first `MOST_REPLICATES` are kept.
        reject: limit of good parts rejected, a share.
    """
    kept = weights_RG[:MOST_REPLICATES]
    arms = {"before": before, "after": after}
    point: dict[str, object] = {"reject_limit": reject, "defects": before[0].defects}
    drawn: dict[str, np.ndarray] = {}
    for when, tallies in arms.items():
        once = [figures(tally, reject=reject) for tally in tallies]
        many = [figures(tally, kept, reject=reject) for tally in tallies]
        for name in ("recall", "false_reject"):
            point[f"{name}_{when}"] = float(np.mean([one[name][0] for one in once]))
            drawn[f"{name}_{when}"] = np.mean([one[name] for one in many], axis=0)
    gains = [drawn[f"{name}_after"] - drawn[f"{name}_before"] for name in ("recall", "false_reject")]
    pairs = np.stack(gains, axis=1)
    point["replicates"] = [[float(r), float(f)] for r, f in pairs[np.isfinite(pairs).all(axis=1)].round(5)]
    return point
