"""What one trained inspector scored on held-out pictures, counted per group, and the figures of it.

Per type, a defect's pixels are compared with the sound pixels of the pictures that show it and of all good pictures;
pixels of other types count neither way. The pooled figure counts every pixel once. A picture's own score is the
inspector's, see `factory_gen/gate/inspector.py`.

Shape legend: G groups, T defect types, B bins, R resamplings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from factory_gen.errors import UsageError
from factory_gen.gate.histograms import (
    BINS,
    aupro,
    auroc,
    average_precision,
    best_f1,
    histogram,
    recall_at,
)
from factory_gen.gate.pictures import GatePicture
from factory_gen.images.masks import components

MOST_CLUSTERS = 200
_ALIKE = ("bad_pixels", "sound_pixels", "good_pixels", "region_overlap", "image_bad", "image_good")
_TYPED = ("type_pixels", "type_sound", "type_images", "type_others")


@dataclass(frozen=True)
class Scores:
    """What an inspector says about one picture.

    Attributes:
        image: in [0,1], how likely the picture shows any defect.
        pixels: (H,W) float in [0,1], None from an inspector that judges whole pictures.
        types: defect type to a score in [0,1], where the inspector tells types apart.
    """

    image: float
    pixels: np.ndarray | None = None
    types: Mapping[str, float] | None = None


class Tally:
    """Histograms of one run's scores per group.

    Args:
        groups: all groups that may come; above `MOST_CLUSTERS` they are put together evenly.
        types: defect types that may come.
    """

    def __init__(self, groups: Sequence[str], types: Sequence[str]) -> None:
        self.groups, self.types = tuple(sorted(set(groups))), tuple(types)
        self._place = {name: place % MOST_CLUSTERS for place, name in enumerate(self.groups)}
        self.clusters = min(len(self.groups), MOST_CLUSTERS)
        self.counts: dict[str, np.ndarray] = {
            name: np.zeros((self.clusters, BINS), np.float32) for name in _ALIKE
        }
        for name in _TYPED:
            self.counts[name] = np.zeros((len(self.types), self.clusters, BINS), np.float32)
        self.counts["regions"] = np.zeros(self.clusters, np.float32)

    def add(self, picture: GatePicture, scores: Scores) -> None:
        """Count one picture.

        Raises:
            UsageError: a score map of another size.
        """
        place = self._place[picture.group]
        self._add_image(place, picture, scores)
        if scores.pixels is not None and picture.has_masks:
            if scores.pixels.shape != picture.size:
                raise UsageError(
                    expected=f"a score for each of {picture.size} pixels of {picture.key}",
                    found=f"shape {scores.pixels.shape}",
                    action="Score the picture at its own size.",
                )
            self._add_pixels(place, picture, scores.pixels)

    def _add_image(self, place: int, picture: GatePicture, scores: Scores) -> None:
        whole = histogram(np.array([scores.image]))
        self.counts["image_good" if picture.is_good else "image_bad"][place] += whole
        for number, name in enumerate(self.types):
            own = whole if scores.types is None else histogram(np.array([scores.types.get(name, 0.0)]))
            if name in picture.labels:
                self.counts["type_images"][number, place] += own
            elif picture.is_good or scores.types is not None:
                self.counts["type_others"][number, place] += own

    def _add_pixels(self, place: int, picture: GatePicture, scores: np.ndarray) -> None:
        if picture.is_good:
            self.counts["good_pixels"][place] += histogram(scores)
            return
        together = picture.mask
        sound = histogram(scores[~together])
        self.counts["bad_pixels"][place] += histogram(scores[together])
        for name, mask in picture.masks.items():
            number = self.types.index(name)
            self.counts["type_pixels"][number, place] += histogram(scores[mask])
            self.counts["type_sound"][number, place] += sound
        # Sound pixels of a picture with several types are counted for each of them, but only once in the pool.
        self.counts["sound_pixels"][place] += sound
        for region in components(together):
            self.counts["region_overlap"][place] += histogram(scores[region]) / float(region.sum())
            self.counts["regions"][place] += 1

    @property
    def has_pixels(self) -> bool:
        """Whether any defect pixel was scored."""
        return bool(self.counts["bad_pixels"].any())

    @property
    def defects(self) -> int:
        """Defective pictures counted."""
        return int(self.counts["image_bad"].sum())


def merge(tallies: Sequence[Tally]) -> Tally:
    """The sum of tallies of the same groups and types, such as of the folds of one validation."""
    total = Tally(tallies[0].groups, tallies[0].types)
    for tally in tallies:
        for name, counts in tally.counts.items():
            total.counts[name] += counts
    return total


Figures = dict[str, np.ndarray]


def figures(tally: Tally, weights_RG: np.ndarray | None = None, *, reject: float = 0.05) -> Figures:
    """All figures of a run, each (R,).

    Args:
        tally: of the run.
        weights_RG: how often each group (cluster) counts in each of R resamplings; once in one by default.
        reject: the plant's limit of good parts rejected, a share.

    Returns:
        image_auroc, image_ap, recall, false_reject, image_ap_macro, image_ap:<type> and, where pixels were scored,
        pixel_ap, f1_max, aupro, pixel_ap_macro, pixel_ap:<type>. A type that a resampling lacks is nan there, and
        the macro figures are means over the others.
    """
    weights = (
        np.ones((1, tally.clusters), np.float32) if weights_RG is None else weights_RG.astype(np.float32)
    )
    counts = tally.counts
    bad, good = _drawn(weights, counts["image_bad"], counts["image_good"])
    recall, rejected = recall_at(bad, good, reject)
    found: Figures = {
        "image_auroc": auroc(bad, good),
        "image_ap": average_precision(bad, good),
        "recall": recall,
        "false_reject": rejected,
    }
    for number, name in enumerate(tally.types):
        shown, others = _drawn(weights, counts["type_images"][number], counts["type_others"][number])
        found[f"image_ap:{name}"] = average_precision(shown, others)
    found["image_ap_macro"] = _mean(found, "image_ap:")
    if tally.has_pixels:
        _add_pixel_figures(found, tally, weights)
    return found


def _add_pixel_figures(found: Figures, tally: Tally, weights_RG: np.ndarray) -> None:
    counts = tally.counts
    sound_anywhere = counts["sound_pixels"] + counts["good_pixels"]
    bad, sound, overlap = _drawn(weights_RG, counts["bad_pixels"], sound_anywhere, counts["region_overlap"])
    found["pixel_ap"], found["f1_max"] = average_precision(bad, sound), best_f1(bad, sound)
    found["aupro"] = aupro(overlap, weights_RG @ counts["regions"], sound)
    for number, name in enumerate(tally.types):
        shown, around = _drawn(
            weights_RG, counts["type_pixels"][number], counts["type_sound"][number] + counts["good_pixels"]
        )
        found[f"pixel_ap:{name}"] = average_precision(shown, around)
    found["pixel_ap_macro"] = _mean(found, "pixel_ap:")


def _drawn(weights_RG: np.ndarray, *counts_GB: np.ndarray) -> list[np.ndarray]:
    """Each histogram (R,b) for the resampled groups; bins that are empty in all of them are left out."""
    used = np.any([counts.any(axis=0) for counts in counts_GB], axis=0)
    used[0] |= not used.any()
    return [np.asarray(weights_RG @ counts[:, used], np.float64) for counts in counts_GB]


def _mean(found: Figures, prefix: str) -> np.ndarray:
    per_type = np.stack([values for name, values in found.items() if name.startswith(prefix)])
    known = np.isfinite(per_type)
    total = np.where(known, per_type, 0.0).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan))
