"""Does the mask cover the defect? A quick segmenter trained on real defects marks cells; does it mark the mask's?

For each type, a logistic regression tells cells under real masks from the cells around them, by the network's maps.
Its answer on a sample is compared with the sample's mask: the chance that a cell under the mask is marked more
strongly than one beside it (AUROC). 1 is a mask that fits, 0.5 one that has nothing to do with what is to be seen.

Shape legend: N defects, F map channels, G cells per side, P cells in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from factory_gen.quality.view import MAP_CHANNELS, DefectMaps
from factory_gen.seeds import numpy_generator

RIDGE = 100.0
FEWEST = 4
MOST_CELLS = 256
_PASSES = 8
_WEIGHT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskFinder:
    """A trained segmenter.

    Fields:
        middle, scale: (F,) of the maps.
        weights: type to (F + 1,), the last one the bias; the entry "" serves types with few defects.
    """

    middle: np.ndarray
    scale: np.ndarray
    weights: Mapping[str, np.ndarray]

    def marks(self, maps: DefectMaps, types: Sequence[str]) -> np.ndarray:
        """Log-odds (N,G,G) of each cell to be defect."""
        chosen = np.stack([self.weights.get(name, self.weights[""]) for name in types])
        values = (maps.maps - self.middle[:, None, None]) / self.scale[:, None, None]
        return np.asarray(
            np.einsum("nfyx,nf->nyx", values, chosen[:, :-1]) + chosen[:, -1][:, None, None], np.float64
        )

    def fits(self, maps: DefectMaps, types: Sequence[str]) -> np.ndarray:
        """How well each mask fits (N,), 0 to 1; NaN where the mask leaves no cell beside it."""
        if len(maps) == 0:
            return np.zeros(0)
        marks, marked = self.marks(maps, types), maps.marked
        return np.array(
            [
                _auroc(mark[inside], cells[inside])
                for mark, cells, inside in zip(marks, marked, maps.inside, strict=True)
            ]
        )


def train_mask_finder(maps: DefectMaps, types: Sequence[str], *, seed: int = 0) -> MaskFinder:
    """Learn from real defects (N of them) with their types; each defect counts alike, whatever its size."""
    middle = maps.maps.mean(axis=(0, 2, 3))
    scale = maps.maps.std(axis=(0, 2, 3)) + 1e-3
    rng = numpy_generator(seed, "mask-fit")
    cells = [
        _cells(one, marked, inside, middle, scale, rng)
        for one, marked, inside in zip(maps.maps, maps.marked, maps.inside, strict=True)
    ]
    labels = np.asarray(types)
    weights = {"": _logistic(cells)}
    for name in np.unique(labels):
        own = [one for one, label in zip(cells, labels, strict=True) if label == name]
        if len(own) >= FEWEST:
            weights[str(name)] = _logistic(own)
    return MaskFinder(middle=middle, scale=scale, weights=weights)


def _cells(
    maps: np.ndarray,
    marked: np.ndarray,
    inside: np.ndarray,
    middle: np.ndarray,
    scale: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (P,F), truth (P,) and weights (P,) of one defect's cells, at most `MOST_CELLS` of either kind."""
    values = (maps.reshape(MAP_CHANNELS, -1).T - middle) / scale
    truth, known = marked.reshape(-1), np.flatnonzero(inside)
    kinds = [known[truth[known]], known[~truth[known]]]
    kept = [
        kind if len(kind) <= MOST_CELLS else rng.choice(kind, MOST_CELLS, replace=False) for kind in kinds
    ]
    weights = [np.full(len(kind), 0.5 * _WEIGHT / max(len(kind), 1)) for kind in kept]
    picked = np.concatenate(kept)
    return values[picked], truth[picked].astype(np.float64), np.concatenate(weights)


def _logistic(cells: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """Ridge logistic regression by Newton steps: (F + 1,), the bias last and free."""
    values = np.concatenate([one for one, _, _ in cells]).astype(np.float64)
    truth, weight = (np.concatenate([one[k] for one in cells]) for k in (1, 2))
    design = np.c_[values, np.ones(len(values))]
    ridge = np.full(design.shape[1], RIDGE)
    ridge[-1] = 1e-6
    solution = np.zeros(design.shape[1])
    for _ in range(_PASSES):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ solution, -20, 20)))
        slope = design.T @ (weight * (truth - chance)) - ridge * solution
        bend = (design * (weight * chance * (1 - chance) + 1e-6)[:, None]).T @ design + np.diag(ridge)
        solution = solution + np.linalg.solve(bend, slope)
    return solution


def _auroc(values: np.ndarray, truth: np.ndarray) -> float:
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    return float((rankdata(values)[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))
