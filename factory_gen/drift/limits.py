"""How far a window of the catalogue's own pictures strays: the limits of all indicators, and what they cost in alarms.

A window's statistic is compared with what windows of whole groups, drawn from the catalogue and held against the
rest of it, reach. So the usual differences between lots are inside the limits; they are what a test that takes all
pictures for independent would take for drift. Two windows in a row raise an alarm in an indicator when

- each of them is over its limit, which one window in 40 exceeds, or
- their mean is over the limit of pairs, which one pair in 1,000 exceeds: both windows together show a change that is
  too small for each of them alone.

With six indicators and weekly windows the first rule raises 52 x 6 / 40^2 = 0.20 alarms in a year without drift, the
second 52 x 6 / 1000 = 0.31, some of them the same. The catalogue's own error, which two windows in a row share, makes
that 0.5 to 1.0 (simulated with catalogues of 60 to 300 pictures, alike and in lots that differ), not over the one that
is allowed. On magnetic tiles, windows of 100 pictures, `factory-gen bench drift` finds light of +15 % in 40 of 40
draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from factory_gen.drift.kernel import GaussianKernel, mmd_of_sets
from factory_gen.drift.readings import BY_MODEL, FEATURES, Readings
from factory_gen.errors import InputRefused
from factory_gen.seeds import numpy_generator

EXCEEDED_ONCE_IN = 40
PAIRS_EXCEEDED_ONCE_IN = 1000
WEEKS = 52
DRAWS = 2000
PAIRINGS = 20  # each drawn window is paired with so many others
SMALLEST_WINDOW = 8
FEW_LOTS = 8
SHARE = 3  # a window is at most a third of the catalogue
UNSEEN_SHARE = 2  # and at most half of the pictures that the model never saw


@dataclass(frozen=True)
class Limits:
    """What windows of `size` pictures are compared with.

    Attributes:
        reference: the catalogue's readings.
        size: pictures per window.
        rows: indicator to the numbers of the reference pictures that it is held against.
        limits: indicator to its limit.
        pair_limits: indicator to the limit of the mean of two windows in a row.
        kernel: of the reference's features.
        drawn: indicator to the values of R windows drawn from the catalogue, signed, (R,).
        notes: what a reader should know.
    """

    reference: Readings
    size: int
    rows: Mapping[str, np.ndarray]
    limits: Mapping[str, float]
    pair_limits: Mapping[str, float]
    kernel: GaussianKernel
    drawn: Mapping[str, np.ndarray]
    notes: tuple[str, ...]

    @cached_property
    def sorted_figures(self) -> dict[str, np.ndarray]:
        """Indicator to the reference's values in rising order."""
        return {name: np.sort(v[self.rows[name]]) for name, v in self.reference.figures.items()}

    def ranks(self, name: str, values: np.ndarray) -> np.ndarray:
        """Share of the reference below each value (n,), ties half: 0.5 on average without drift."""
        return rank_among(self.sorted_figures[name], values)

    @property
    def alarms_per_year(self) -> float:
        """False alarms in a year of weekly windows, simulated with windows of the catalogue itself."""
        windows = np.stack(list(self.drawn.values()), axis=1)
        years = len(windows) // WEEKS
        return sum(self.count_alarms(windows[WEEKS * year :][:WEEKS]) for year in range(years)) / max(
            years, 1
        )

    def count_alarms(self, windows: np.ndarray) -> int:
        """Alarms in the values (W,K) of windows in a row, K indicators in the order of `limits`; one that goes on is no
        new one.
        """
        limits, pairs = (
            np.array([told[name] for name in self.limits]) for told in (self.limits, self.pair_limits)
        )
        raised = two_in_a_row(windows[:-1], windows[1:], limits, pairs)
        begins = raised.copy()
        begins[1:] &= ~raised[:-1]
        return int(begins.any(axis=1).sum())


def set_limits(reference: Readings, size: int, *, seed: int = 0, draws: int = DRAWS) -> Limits:
    """Learn the limits from the catalogue's readings.

    Args:
        reference: of the catalogue's good pictures.
        size: pictures per window, from `SMALLEST_WINDOW` to a third of the reference.
        seed: of the drawing.
        draws: windows drawn.

    Raises:
        InputRefused: too few pictures for windows of that size.
    """
    if not SMALLEST_WINDOW <= size <= len(reference) // SHARE:
        raise InputRefused(
            expected=f"windows of {SMALLEST_WINDOW} to {len(reference) // SHARE} pictures, "
            f"for a catalogue of {len(reference)}",
            found=f"windows of {size}",
            action="Choose another --window, or ingest more good pictures.",
        )
    rows, notes = _rows(reference, size)
    kernel = GaussianKernel(reference.features)
    rng = numpy_generator(seed, "drift", "limits")
    statistics: dict[str, np.ndarray] = {}
    for name, values in reference.figures.items():
        chosen = draw_windows([reference.groups[row] for row in rows[name]], size, draws, rng)
        own = values[rows[name]]
        means = chosen @ rank_among(np.sort(own), own) / chosen.sum(1)
        statistics[name] = (means - 0.5) * len(own) / (len(own) - chosen.sum(1))
    chosen = draw_windows(reference.groups, size, draws, rng)
    statistics[FEATURES] = mmd_of_sets(kernel.within, chosen)
    limits = {name: float(np.quantile(np.abs(v), 1 - 1 / EXCEEDED_ONCE_IN)) for name, v in statistics.items()}
    pair_limits = {name: _pair_limit(v, rng) for name, v in statistics.items()}
    lots = len(set(reference.groups))
    if lots < FEW_LOTS:
        notes.append(
            f"Only {lots} groups in the catalogue: how much lots differ by themselves is a rough guess."
        )
    return Limits(reference, size, rows, limits, pair_limits, kernel, statistics, tuple(notes))


def draw_windows(groups: Sequence[str], size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Windows of whole groups: (draws,N) bool, `size` True in each row; the last group may be cut."""
    numbers = np.unique(np.array(groups), return_inverse=True)[1]
    # Pictures in the order of their groups' lots; within a group a far smaller one decides who is cut off.
    lots = rng.random((draws, int(numbers.max()) + 1))[:, numbers] + 1e-9 * rng.random((draws, len(groups)))
    chosen = np.zeros(lots.shape, dtype=bool)
    np.put_along_axis(chosen, np.argpartition(lots, size - 1, axis=1)[:, :size], True, axis=1)
    return chosen


def rank_among(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of `ordered` (M,) below each value (n,), ties half."""
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return np.asarray((below + up_to) / (2 * len(ordered)))


def two_in_a_row(
    earlier: np.ndarray, later: np.ndarray, limits: np.ndarray | float, pair_limits: np.ndarray | float
) -> np.ndarray:
    """Whether two windows in a row raise an alarm, bool in the values' shape: see the module's first lines."""
    both = (np.abs(earlier) > limits) & (np.abs(later) > limits)
    return np.asarray(both | (np.abs(earlier + later) / 2 > pair_limits))


def _pair_limit(values: np.ndarray, rng: np.random.Generator) -> float:
    """What the mean of two drawn windows exceeds once in `PAIRS_EXCEEDED_ONCE_IN`, without its sign."""
    means = [np.abs(values + values[rng.permutation(len(values))]) / 2 for _ in range(PAIRINGS)]
    return float(np.quantile(np.concatenate(means), 1 - 1 / PAIRS_EXCEEDED_ONCE_IN))


def _rows(reference: Readings, size: int) -> tuple[dict[str, np.ndarray], list[str]]:
    """Model indicators are held against pictures that the model never saw, where there are enough."""
    everything = np.arange(len(reference))
    unseen = np.flatnonzero(~reference.seen)
    enough = len(unseen) >= UNSEEN_SHARE * size
    notes = []
    if not enough and reference.seen.any():
        notes.append(
            f"Only {len(unseen)} held-out good pictures: the model's indicators are held against pictures that it was "
            "trained on, and may call new ones unlike."
        )
    chosen = unseen if enough else everything
    names = reference.figures
    return {name: chosen if name in BY_MODEL else everything for name in names}, notes
