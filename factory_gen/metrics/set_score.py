"""What comes of comparing two sets of pictures: an estimate with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from factory_gen.errors import InputRefused, UsageError

Measure = Callable[[np.ndarray], "SetScore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScore:
    """A figure about two sets with its interval.

    Fields:
        value: the estimate.
        low, high: interval at the confidence that was asked for.
        first_count, second_count: pictures in each set.
        scale: factor by which papers print it.
    """

    value: float
    low: float
    high: float
    first_count: int
    second_count: int
    scale: float = 1.0

    @property
    def x1000(self) -> float:
        """The value in thousandths."""
        return 1000.0 * self.value

    @property
    def printed(self) -> tuple[float, float, float]:
        """Value, low and high as papers print them."""
        return self.scale * self.value, self.scale * self.low, self.scale * self.high

    def __str__(self) -> str:
        value, low, high = self.printed
        places = 1 if abs(value) >= 1 or high - low >= 1 else 3
        shown = f"{value:.{places}f} [{low:.{places}f}, {high:.{places}f}]"
        return shown + (" x 10^-3" if self.scale == 1000.0 else "")


def check_sets(first: np.ndarray, second: np.ndarray) -> None:
    """Raise `InputRefused` unless both are finite, (N,D) and (M,D), of at least 2 rows."""
    shapes = first.shape, second.shape
    square = all(len(shape) == 2 and shape[0] >= 2 for shape in shapes) and shapes[0][1] == shapes[1][1]
    if not square or not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InputRefused(
            expected="two sets of at least 2 finite feature rows, equally wide",
            found=f"shapes {shapes[0]} and {shapes[1]}",
            action="Give each side two pictures or more.",
        )


def check_bootstrap(resamples: int, confidence: float) -> None:
    """Raise `UsageError` unless `resamples` is 0 or more and `confidence` lies in (0, 1)."""
    if resamples < 0 or not 0 < confidence < 1:
        raise UsageError(
            expected="resamples of 0 or more and a confidence between 0 and 1",
            found=f"resamples {resamples}, confidence {confidence}",
            action="Change the settings of the interval.",
        )


def resample(rng: np.random.Generator, resamples: int, size: int) -> np.ndarray:
    """How often each of `size` pictures is drawn, per resample: (resamples, size) float64."""
    return rng.multinomial(size, np.full(size, 1.0 / size), size=resamples).astype(np.float64)


def interval(draws: np.ndarray, confidence: float) -> tuple[float, float]:
    """Percentile interval of bootstrap draws (R,), NaN left out."""
    tail = 50.0 * (1.0 - confidence)
    low, high = np.nanpercentile(draws, [tail, 100.0 - tail])
    return float(low), float(high)
