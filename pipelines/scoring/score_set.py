"""Figures of a whole set of samples against real defects: distance, coverage, variety."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.metrics.cmmd import cmmd
from factory_gen.metrics.coverage import measure_coverage
from factory_gen.metrics.diversity import diversity_by_type
from factory_gen.metrics.features import FEATURES_NAME
from factory_gen.metrics.kid import kid
from factory_gen.metrics.set_score import SetScore
from factory_gen.quality.limits import RealDefect
from factory_gen.seeds import numpy_generator

FEWEST = 10
NEAREST = 5
MOST = 2000


@dataclass(frozen=True)
class SetFigure:
    """One figure of a set.

    Attributes:
        figure: what it is, with the features that it was made on.
        value, low, high: the estimate and its 95 % interval, as papers print it.
        unit: "x 10^-3", or nothing for a share.
    """

    figure: str
    value: float
    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class Variety:
    """How different the defects of one type are: mean cosine distance of their features.

    Attributes:
        defect_type: the type.
        samples, real: of generated and of real ones; NaN for fewer than two.
    """

    defect_type: str
    samples: float
    real: float


def set_figures(
    made: np.ndarray, real: np.ndarray, other_real: np.ndarray, *, seed: int = 0
) -> list[SetFigure]:
    """Distance and coverage of samples (N,D) against real defects (M,D), and of other real ones as the floor.

    Args:
        made: features of samples.
        real: of the real defects to compare with, held out where there are any.
        other_real: of other real defects; what two real sets differ by, no set of samples can be expected to beat.
        seed: of the intervals.

    Returns:
        Nothing for fewer than ten on either side.
    """
    if min(len(made), len(real)) < FEWEST:
        return []
    made = _at_most(made, seed)
    figures = [
        _printed(f"KID ({FEATURES_NAME})", kid(made, real, seed=seed)),
        _printed(f"CMMD ({FEATURES_NAME})", cmmd(made, real, seed=seed)),
    ]
    if len(other_real) >= FEWEST:
        figures.append(_printed("KID of real against real", kid(other_real, real, seed=seed)))
        figures.append(_printed("CMMD of real against real", cmmd(other_real, real, seed=seed)))
    shares = measure_coverage(made, real, nearest=NEAREST, seed=seed)
    figures += [
        _printed(name, getattr(shares, name)) for name in ("precision", "recall", "density", "coverage")
    ]
    return figures


def varieties(
    made: np.ndarray, made_types: Sequence[str], real: np.ndarray, reals: Sequence[RealDefect]
) -> list[Variety]:
    """Variety of samples (N,D) and of real defects (M,D) by type, over the types of the samples."""
    ours = diversity_by_type(made, made_types)
    theirs = diversity_by_type(real, [one.defect_type for one in reals])
    nothing = float("nan")
    return [
        Variety(name, ours.get(name, nothing), theirs.get(name, nothing)) for name in sorted(set(made_types))
    ]


def _at_most(features: np.ndarray, seed: int) -> np.ndarray:
    if len(features) <= MOST:
        return features
    return features[numpy_generator(seed, "set-figures").choice(len(features), MOST, replace=False)]


def _printed(name: str, score: SetScore) -> SetFigure:
    value, low, high = score.printed
    return SetFigure(name, value, low, high, "x 10^-3" if score.scale == 1000.0 else "")
