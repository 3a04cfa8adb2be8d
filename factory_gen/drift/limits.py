"""How far a window of the catalogue's own pictures strays: the limits of all indicators, and what they cost in alarms.

A window's statistic is compared with what windows of whole groups, drawn from the catalogue and held against the
rest of it, reach. So the usual differences between lots are inside the limits; they are what a test that takes all
pictures for independent would take for drift. An alarm is the same indicator over its limit in two windows in a row.

Why a window may exceed a limit once in 30: with `q` per indicator and window, six indicators raise about
52 x 6 x q^2 alarms in a year of weekly windows, 0.35 for q = 1/30. The catalogue's own error, which two windows in a
row share, makes that up to 0.6 (simulated with catalogues of 60 to 300 pictures, alike and in lots that differ), under
the one that is allowed. A smaller q would be deaf to light: on magnetic tiles 1/50 finds +15 % in two windows of 100
pictures in 80 % of draws, 1/30 in 90 %.
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

EXCEEDED_ONCE_IN = 30
WEEKS = 52
DRAWS = 2000
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
        kernel: of the reference's features.
        flagged: windows drawn from the catalogue (R) x indicators over their limits, bool, in the order of `limits`.
        notes: what a reader should know.
    """

    reference: Readings
    size: int
    rows: Mapping[str, np.ndarray]
    limits: Mapping[str, float]
    kernel: GaussianKernel
    flagged: np.ndarray
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
        years = len(self.flagged) // WEEKS
        return sum(count_alarms(self.flagged[WEEKS * year :][:WEEKS]) for year in range(years)) / max(
            years, 1
        )


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
        statistics[name] = np.abs(means - 0.5) * len(own) / (len(own) - chosen.sum(1))
    chosen = draw_windows(reference.groups, size, draws, rng)
    statistics[FEATURES] = mmd_of_sets(kernel.within, chosen)
    limits = {name: float(np.quantile(v, 1 - 1 / EXCEEDED_ONCE_IN)) for name, v in statistics.items()}
    lots = len(set(reference.groups))
    if lots < FEW_LOTS:
        notes.append(
            f"Only {lots} groups in the catalogue: how much lots differ by themselves is a rough guess."
        )
    flagged = np.stack([statistics[name] > limits[name] for name in limits], axis=1)
    return Limits(reference, size, rows, limits, kernel, flagged, tuple(notes))


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


def count_alarms(flagged: np.ndarray) -> int:
    """Alarms in windows (W,K) of K indicators: an indicator over its limit twice in a row; going on is no new one."""
    twice = flagged[1:] & flagged[:-1]
    begins = twice.copy()
    begins[1:] &= ~twice[:-1]
    return int(begins.any(axis=1).sum())


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
