"""Type fit and mask fit together: learned from real defects, and scored on those without looking at themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from factory_gen.quality.mask_fit import MaskFinder, train_mask_finder
from factory_gen.quality.type_fit import TypeFit, fit_temperature, own_chances, train_type_fit
from factory_gen.quality.view import DefectMaps

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """Both judges.

    Fields:
        types: classifier of defect types.
        masks: segmenter.
    """

    types: TypeFit
    masks: MaskFinder

    def judge(self, maps: DefectMaps, types: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Type fit and mask fit (N,) of N defects, both in [0,1]; NaN where unknown."""
        return self.types.chances(maps, types), self.masks.fits(maps, types)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedFits:
    """Both judges, and what they say of the real defects that they have not seen.

    Fields:
        fits: trained on all real defects.
        type_fit, mask_fit: (N,) of each real defect, by judges that have not seen its group; NaN where unknown.
        accuracy: share of them that are taken for their own type; NaN where unknown.
    """

    fits: Fits
    type_fit: np.ndarray
    mask_fit: np.ndarray
    accuracy: float


def learn_fits(maps: DefectMaps, types: Sequence[str], groups: Sequence[str]) -> LearnedFits:
    """Train both judges on N real defects.

    Groups are dealt to at most five folds that are left out in turn. With one group nothing can be left out: the
    judges are trained, and nothing is said of the real defects.
    """
    labels, names = np.asarray(types), np.asarray(groups)
    known = tuple(str(name) for name in np.unique(labels))
    folds = np.unique(names, return_inverse=True)[1] % FOLDS
    scores, mask_fit = np.full((len(maps), len(known)), -np.inf), np.full(len(maps), np.nan)
    for fold in np.unique(folds) if len(np.unique(folds)) > 1 else []:
        out = folds == fold
        trained, own = labels[~out].tolist(), labels[out].tolist()
        classifier = train_type_fit(maps.rows(~out), trained)
        columns = [known.index(name) for name in classifier.types]
        scores[np.ix_(out, columns)] = classifier.scores(maps.rows(out))
        mask_fit[out] = train_mask_finder(maps.rows(~out), trained).fits(maps.rows(out), own)
    told = np.isfinite(scores).any(axis=1)
    shown = np.where(told[:, None], scores, 0.0)
    temperature = fit_temperature(shown[told], known, labels[told].tolist())
    type_fit = np.where(told, own_chances(shown, known, labels.tolist(), temperature), np.nan)
    right = [known[int(row.argmax())] == name for row, name in zip(scores[told], labels[told], strict=True)]
    fits = Fits(
        types=replace(train_type_fit(maps, types), temperature=temperature),
        masks=train_mask_finder(maps, types),
    )
    accuracy = float(np.mean(right)) if right and len(known) > 1 else float("nan")
    return LearnedFits(fits=fits, type_fit=type_fit, mask_fit=mask_fit, accuracy=accuracy)
