"""Is a defect taken for its own type? Linear discriminant on what the defect differs in from its surroundings.

Each defect is described by the mean of each map channel inside the mask minus that of the ring around it, and by the
spread inside. Types have one shrunk covariance in common, so that a dozen defects per type are enough. The figure is
the chance that the classifier gives the defect's own type. A classifier is far too sure of parts that it has not seen;
its temperature, found on left-out parts, makes the chances honest.

Shape legend: N defects, F map channels, V = 2 F values, T types, G cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from factory_gen.quality.view import DefectMaps

SHRINKAGE = 0.5
_RING = 7
_LEAST = 1e-6
_TEMPERATURES = np.geomspace(1.0, 1000.0, 61)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TypeFit:
    """A trained classifier of defect types.

    Fields:
        types: (T,) names.
        middle, scale: (V,) of the training's values.
        weights: (V,T); bias: (T,).
        temperature: what the scores are divided by; 1 as trained.
    """

    types: tuple[str, ...]
    middle: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    temperature: float = 1.0

    def scores(self, maps: DefectMaps) -> np.ndarray:
        """Log chances (N,T) up to a constant per row, before the temperature."""
        values = (difference(maps) - self.middle) / self.scale
        return np.asarray(values @ self.weights + self.bias)

    def chances(self, maps: DefectMaps, types: Sequence[str]) -> np.ndarray:
        """Chance (N,) of each defect's own type; NaN for a type not learned, or where only one was."""
        if len(maps) == 0:
            return np.zeros(0)
        return own_chances(self.scores(maps), self.types, types, self.temperature)


def own_chances(
    scores: np.ndarray, known: Sequence[str], types: Sequence[str], temperature: float
) -> np.ndarray:
    """Chance (N,) of each row's own type from scores (N,T) of the known types; -inf rules a type out."""
    chances = np.full(len(scores), np.nan)
    if len(known) > 1 and len(scores):
        cooled = scores / temperature
        cooled = np.exp(cooled - cooled.max(axis=1, keepdims=True))
        cooled /= cooled.sum(axis=1, keepdims=True)
        for row, name in enumerate(types):
            if name in known and np.isfinite(scores[row, known.index(name)]):
                chances[row] = cooled[row, known.index(name)]
    return chances


def fit_temperature(scores: np.ndarray, known: Sequence[str], types: Sequence[str]) -> float:
    """The temperature that makes the chances of left-out defects likeliest; 1 where nothing is known."""
    losses = []
    for temperature in _TEMPERATURES:
        own = own_chances(scores, known, types, temperature)
        own = own[np.isfinite(own)]
        losses.append(-float(np.log(np.maximum(own, 1e-12)).mean()) if len(own) else 0.0)
    return float(_TEMPERATURES[int(np.argmin(losses))]) if any(losses) else 1.0


def difference(maps: DefectMaps) -> np.ndarray:
    """(N,V): mean inside the mask minus mean of the ring around it, and spread inside, per map channel."""
    brush = np.ones((_RING, _RING), np.uint8)
    near = np.stack([cv2.dilate((share > 0).astype(np.uint8), brush) for share in maps.share])
    ring = (near > 0) & (maps.share == 0) & maps.inside
    weight = maps.share**2  # cells on the mask's edge are half surroundings
    mean, spread = _weighted(maps.maps, weight)
    around, _ = _weighted(maps.maps, ring.astype(np.float32))
    return np.concatenate([mean - around, spread], axis=1)


def train_type_fit(maps: DefectMaps, types: Sequence[str], *, shrinkage: float = SHRINKAGE) -> TypeFit:
    """Learn the types from real defects.

    Args:
        maps: of N real defects.
        types: name of each, at least one of every type that shall be known.
        shrinkage: share of the covariance that is replaced by a ball, in (0, 1].
    """
    values, labels = difference(maps).astype(np.float64), np.asarray(types)
    names = tuple(str(name) for name in np.unique(labels))
    middle, scale = values.mean(axis=0), values.std(axis=0) + 1e-3
    values = (values - middle) / scale
    means = np.stack([values[labels == name].mean(axis=0) for name in names])
    rest = np.concatenate([values[labels == name] - means[i] for i, name in enumerate(names)])
    ball = max(float((rest**2).mean()), _LEAST)
    shared = (1 - shrinkage) * (rest.T @ rest) / len(rest) + shrinkage * ball * np.eye(rest.shape[1])
    weights = np.linalg.solve(shared, means.T)
    return TypeFit(
        types=names,
        middle=middle,
        scale=scale,
        weights=weights,
        bias=-0.5 * (means.T * weights).sum(axis=0),
    )


def _weighted(maps: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (N,F) of maps (N,F,G,G) under weights (N,G,G)."""
    total = np.maximum(weight.sum(axis=(1, 2)), _LEAST)[:, None]
    mean = np.einsum("nfyx,nyx->nf", maps, weight) / total
    square = np.einsum("nfyx,nyx->nf", maps**2, weight) / total
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))
