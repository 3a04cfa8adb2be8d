"""One window of incoming pictures against the limits: which indicators exceed them, and which pictures stand out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.drift.kernel import permutation_test, unusual
from factory_gen.drift.limits import Limits, two_in_a_row
from factory_gen.drift.readings import FEATURES, Readings
from factory_gen.errors import InputRefused
from factory_gen.seeds import numpy_generator

PERMUTATIONS = 499
SIGNIFICANT = 0.01
SHOWN = 5


@dataclass(frozen=True)
class Figure:
    """One indicator of one window.

    Attributes:
        value: mean rank among the catalogue's pictures less 0.5, in [-0.5,0.5] (below 0: smaller than there); for the
            features the squared MMD.
        limit: for the value without its sign.
        pair_limit: for the mean of two windows in a row, without its sign.
        p: of the permutation test; only the features have one.
        exceeded: over the limit (and, with a p-value, significant).
    """

    value: float
    limit: float
    pair_limit: float
    p: float | None
    exceeded: bool

    @property
    def significant(self) -> bool:
        """Whether the test, where there is one, finds the window unlike the catalogue."""
        return self.p is None or self.p <= SIGNIFICANT


@dataclass(frozen=True)
class Judgement:
    """One window.

    Attributes:
        figures: indicator to its figure.
        unusual: indicator that is exceeded to the names of the pictures that stand out most, most of all first.
    """

    figures: Mapping[str, Figure]
    unusual: Mapping[str, tuple[str, ...]]

    @property
    def exceeded(self) -> tuple[str, ...]:
        """Indicators over their limits."""
        return tuple(name for name, figure in self.figures.items() if figure.exceeded)


def judge(limits: Limits, window: Readings, *, seed: int = 0) -> Judgement:
    """Hold a window against the limits.

    Args:
        limits: learned from the catalogue.
        window: exactly `limits.size` pictures.
        seed: of the permutations.

    Raises:
        InputRefused: another number of pictures, for which the limits would be wrong.
    """
    if len(window) != limits.size:
        raise InputRefused(
            expected=f"a window of {limits.size} pictures",
            found=f"{len(window)}",
            action="Learn limits for windows of that size.",
        )
    figures: dict[str, Figure] = {}
    standing_out: dict[str, np.ndarray] = {}
    for name, values in window.figures.items():
        ranks = limits.ranks(name, values)
        value, limit = float(ranks.mean() - 0.5), limits.limits[name]
        figures[name] = Figure(value, limit, limits.pair_limits[name], None, abs(value) > limit)
        standing_out[name] = _distance(limits.sorted_figures[name], values)
    # The window comes first: the test asks about the first pictures of the matrix.
    pooled = limits.kernel.pooled(window.features)
    split = len(limits.reference)
    order = np.r_[split : len(pooled), :split]
    rng = numpy_generator(seed, "drift", "permutations")
    value, p = permutation_test(pooled[np.ix_(order, order)], len(window), PERMUTATIONS, rng)
    limit = limits.limits[FEATURES]
    over = value > limit and p <= SIGNIFICANT
    figures[FEATURES] = Figure(value, limit, limits.pair_limits[FEATURES], p, over)
    standing_out[FEATURES] = unusual(pooled, split)
    return Judgement(
        figures,
        {name: _most(window.names, standing_out[name]) for name, one in figures.items() if one.exceeded},
    )


def in_a_row(earlier: Mapping[str, Figure], later: Mapping[str, Figure]) -> tuple[str, ...]:
    """Indicators in which two windows that follow each other raise an alarm: each over its limit, or both together
    over the limit of pairs and one of them over its own, so that there are pictures to show.
    """
    return tuple(name for name, figure in later.items() if name in earlier and _alarm(earlier[name], figure))


def _alarm(earlier: Figure, later: Figure) -> bool:
    if not (earlier.exceeded or later.exceeded) or not (earlier.significant and later.significant):
        return False
    values = np.array(earlier.value), np.array(later.value)
    return bool(two_in_a_row(*values, later.limit, later.pair_limit))


def _distance(reference: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Distance from the reference's middle in units of its spread."""
    low, middle, high = np.quantile(reference, [0.25, 0.5, 0.75])
    return np.asarray(np.abs(values - middle) / (high - low + 1e-12))


def _most(names: Sequence[str], scores: np.ndarray) -> tuple[str, ...]:
    order = np.argsort(-scores, kind="stable")[:SHOWN]
    return tuple(names[place] for place in order)
