"""Are the generated pictures like real ones, and do they cover them? Nearest neighbours in feature space.

Each picture of a set owns a ball that just reaches its k-th nearest neighbour in its own set.

- precision: share of generated pictures inside some real ball (1904.06991).
- recall: share of real pictures inside some generated ball (1904.06991).
- density: how many real balls hold a generated picture, over k; may exceed 1 (2002.09797).
- coverage: share of real balls that hold a generated picture (2002.09797).

Precision and density fall when pictures look wrong; recall and coverage fall when kinds of pictures are missing.
Density and coverage bear outliers better: one far picture has one huge ball, which lifts precision alone.
Only figures of equal counts and equal k can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from factory_gen.errors import InputRefused
from factory_gen.metrics.set_score import SetScore, check_bootstrap, check_sets, interval, resample
from factory_gen.seeds import numpy_generator


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageScores:
    """The four figures, each with its interval; 1 is what two sets of one distribution come close to.

    Expected values for one distribution and large sets: density 1, coverage 1 - 2^-k; precision and recall depend
    on the sets, hence the floor of real against real.
    """

    precision: SetScore
    recall: SetScore
    density: SetScore
    coverage: SetScore


def measure_coverage(
    made: np.ndarray,
    real: np.ndarray,
    *,
    nearest: int = 5,
    seed: int = 0,
    resamples: int = 200,
    confidence: float = 0.95,
) -> CoverageScores:
    """Precision, recall, density and coverage of features `made` (N,D) about `real` (M,D).

    Each figure is a mean over pictures, and the interval comes from drawing those anew with the balls held as they
    are: it leaves out that other pictures would have other balls.

    Args:
        nearest: k, at least 1 and below the size of both sets.
        seed: of the resampling.
        resamples: bootstrap draws; 0 gives low = value = high.
        confidence: share of resamples inside the interval, in (0, 1).

    Raises:
        InputRefused: unusable sets (see `check_sets`), or k not in range.
        UsageError: negative `resamples`, or `confidence` outside (0, 1).
    """
    check_sets(made, real)
    check_bootstrap(resamples, confidence)
    if not 1 <= nearest < min(len(made), len(real)):
        raise InputRefused(
            expected=f"more than {nearest} pictures in each set, and k of at least 1",
            found=f"{len(made)} and {len(real)} pictures, k {nearest}",
            action="Give more pictures or a smaller k.",
        )
    across = _squares(made, real)
    in_real = across < _radii(real, nearest)[None, :]
    in_made = across < _radii(made, nearest)[:, None]
    rng = numpy_generator(seed, "coverage")

    def score(held: np.ndarray) -> SetScore:
        per_picture = held.astype(np.float64)
        value = float(per_picture.mean())
        draws = resample(rng, resamples, len(per_picture)) @ per_picture / len(per_picture)
        low, high = interval(draws, confidence) if resamples else (value, value)
        return SetScore(value=value, low=low, high=high, first_count=len(made), second_count=len(real))

    return CoverageScores(
        precision=score(np.any(in_real, axis=1)),
        recall=score(np.any(in_made, axis=0)),
        density=score(np.atleast_1d(in_real.sum(axis=1)) / nearest),
        coverage=score(np.any(in_real, axis=0)),
    )


def _squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances (N,M) float64."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    return np.asarray((a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * a @ b.T)


def _radii(features: np.ndarray, nearest: int) -> np.ndarray:
    """Squared distance (N,) to the k-th nearest other picture of the set."""
    squares = _squares(features, features)
    np.fill_diagonal(squares, np.inf)
    return np.asarray(np.partition(squares, nearest - 1, axis=1)[:, nearest - 1])
