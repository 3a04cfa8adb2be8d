"""From quality against calls to the numbers that are claimed: calls and time at equal quality, and their ratios.

Pure arithmetic on measured curves; lower quality figures (KID) are better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.checks import check_positive
from factory_gen.errors import UsageError

CLOSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Quality of one arm at one number of calls.

    Attributes:
        calls: of the network, per window.
        value: the figure, lower is better.
        low, high: its interval.
        milliseconds: per window, sampling and decoding together.
    """

    calls: int
    value: float
    low: float
    high: float
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualQuality:
    """What it costs two arms to reach one quality.

    Attributes:
        threshold: the figure that counts as reached.
        baseline_calls, challenger_calls: fewest calls that reach it; None when never.
        calls_ratio: baseline to challenger, above 1 is in the challenger's favour; 0 when the challenger never
            reaches it.
        time_ratio: the same for milliseconds per window.
    """

    threshold: float
    baseline_calls: int | None
    challenger_calls: int | None
    calls_ratio: float
    time_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean, standard deviation (0 for one value), smallest and largest of a figure over seeds."""

    mean: float
    sd: float
    low: float
    high: float
    count: int


def best(curve: Sequence[CurvePoint]) -> CurvePoint:
    """The point of best quality; of equals the one with the fewest calls.

    Raises:
        UsageError: an empty curve.
    """
    if not curve:
        raise UsageError(
            expected="a curve with at least one point", found="none", action="Measure the arm first."
        )
    return min(curve, key=lambda point: (point.value, point.calls))


def cheapest(curve: Sequence[CurvePoint], threshold: float) -> CurvePoint | None:
    """The point with the fewest calls whose figure is at most `threshold`."""
    reached = [point for point in curve if point.value <= threshold]
    return min(reached, key=lambda point: point.calls) if reached else None


def calls_near_best(curve: Sequence[CurvePoint], reference: float, close: float = CLOSE) -> int | None:
    """Fewest calls that come within a share `close` of `reference` (the arm's own best, or the best arm's)."""
    # A figure around zero (an unbiased estimate may be negative) has no meaningful share: take its size.
    point = cheapest(curve, reference + close * abs(reference))
    return point.calls if point else None


def equal_quality(baseline: Sequence[CurvePoint], challenger: Sequence[CurvePoint]) -> EqualQuality:
    """Calls and time to the baseline's best quality, which counts as reached inside its interval.

    The baseline is given the same leniency: its calls are the fewest that lie inside the interval too.
    """
    threshold = best(baseline).high
    old, new = cheapest(baseline, threshold), cheapest(challenger, threshold)
    found = old is not None and new is not None
    return EqualQuality(
        threshold=threshold,
        baseline_calls=old.calls if old else None,
        challenger_calls=new.calls if new else None,
        calls_ratio=old.calls / new.calls if found and old and new else 0.0,
        time_ratio=old.milliseconds / new.milliseconds if found and old and new else 0.0,
    )


def spread(values: Sequence[float]) -> Spread:
    """Mean and spread of a figure over seeds; values that are not finite are refused."""
    check_positive(len(values), "number of values")
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise UsageError(
            expected="finite figures", found=str(list(values)), action="Look for a run that failed."
        )
    sd = float(array.std(ddof=1)) if len(array) > 1 else 0.0
    return Spread(
        mean=float(array.mean()), sd=sd, low=float(array.min()), high=float(array.max()), count=len(array)
    )


def mean_curve(curves: Sequence[Sequence[CurvePoint]]) -> list[CurvePoint]:
    """The curve averaged over seeds, for calls that every seed has; the interval is that of the mean over seeds.

    With one seed the interval is the seed's own; with more it is the mean plus or minus the standard error times 2,
    never narrower than the mean of the seeds' intervals divided by the root of their number.
    """
    shared = set.intersection(*({p.calls for p in curve} for curve in curves)) if curves else set()
    result = []
    for calls in sorted(shared):
        points = [next(p for p in curve if p.calls == calls) for curve in curves]
        values = spread([p.value for p in points])
        root = math.sqrt(len(points))
        own = float(np.mean([(p.high - p.low) / 2 for p in points])) / root
        half = max(own, 2.0 * values.sd / root)
        one = points[0]
        result.append(
            CurvePoint(
                calls=calls,
                value=values.mean,
                low=one.low if len(points) == 1 else values.mean - half,
                high=one.high if len(points) == 1 else values.mean + half,
                milliseconds=float(np.mean([p.milliseconds for p in points])),
            )
        )
    return result
