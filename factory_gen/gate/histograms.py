"""Figures of a detector from histograms of its scores: average precision, F1, AUROC, AUPRO, recall at a limit.

A histogram per group instead of every pixel's score keeps the memory small and makes resampling of groups a matrix
product. Scores are binned evenly in their logit, so that the bins are fine where a detector is sure. Within a bin
scores count as equal: all figures are those of the binned scores, exactly (checked against scikit-learn).

Shape legend: R resamplings or any leading axes, B bins from the lowest to the highest score.
"""

from __future__ import annotations

import numpy as np

BINS = 1200
REACH = 12.0  # logits beyond this are as good as certain


def to_bins(scores: np.ndarray) -> np.ndarray:
    """Bin numbers, int64 in [0, `BINS`), of scores in [0,1] of any shape; what is not a number counts as 0."""
    values = np.clip(np.nan_to_num(scores.astype(np.float64)), 1e-9, 1 - 1e-9)
    logits = np.log(values) - np.log1p(-values)
    places = (logits + REACH) * (BINS / (2 * REACH))
    return np.asarray(np.clip(places, 0, BINS - 1).astype(np.int64))


def histogram(scores: np.ndarray) -> np.ndarray:
    """Counts (B,) float64 of scores in [0,1] of any shape."""
    return np.bincount(to_bins(scores).ravel(), minlength=BINS).astype(np.float64)


def average_precision(positive_RB: np.ndarray, negative_RB: np.ndarray) -> np.ndarray:
    """Area under precision over recall as a step function (R,); nan without positives."""
    hit, alarm = _from_top(positive_RB), _from_top(negative_RB)
    total = hit[..., -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num(hit / (hit + alarm))
        return np.asarray(
            (precision * positive_RB[..., ::-1]).sum(axis=-1) / np.where(total > 0, total, np.nan)
        )


def best_f1(positive_RB: np.ndarray, negative_RB: np.ndarray) -> np.ndarray:
    """The highest F1 over all thresholds (R,); nan without positives."""
    hit, alarm = _from_top(positive_RB), _from_top(negative_RB)
    total = hit[..., -1:]
    with np.errstate(invalid="ignore"):
        best = np.max(2 * hit / np.maximum(hit + alarm + total, 1e-12), axis=-1)
    return np.asarray(np.where(total[..., 0] > 0, best, np.nan))


def auroc(positive_RB: np.ndarray, negative_RB: np.ndarray) -> np.ndarray:
    """Chance that a positive scores above a negative, equal ones counting half (R,); nan without either."""
    below = np.cumsum(negative_RB, axis=-1) - 0.5 * negative_RB
    total = positive_RB.sum(axis=-1) * negative_RB.sum(axis=-1)
    return np.asarray((positive_RB * below).sum(axis=-1) / np.where(total > 0, total, np.nan))


def aupro(
    overlap_RB: np.ndarray, regions_R: np.ndarray, negative_RB: np.ndarray, limit: float = 0.3
) -> np.ndarray:
    """Mean overlap with each true region over the false alarm rate, up to `limit`, divided by it (R,).

    Args:
        overlap_RB: sum over the regions of each region's histogram divided by its area.
        regions_R: how many regions.
        negative_RB: pixels outside every region.
        limit: largest share of false alarms that counts.
    """
    total = negative_RB.sum(axis=-1)
    valid = (total > 0) & (regions_R > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _from_top(overlap_RB) / np.where(valid, regions_R, np.nan)[..., None]
        alarm = _from_top(negative_RB) / np.where(valid, total, np.nan)[..., None]
    start = np.zeros((*found.shape[:-1], 1))
    found, alarm = np.concatenate([start, found], axis=-1), np.concatenate([start, alarm], axis=-1)
    left, right = np.minimum(alarm[..., :-1], limit), np.minimum(alarm[..., 1:], limit)
    # The last trapezoid that counts is cut where it crosses the limit.
    step = alarm[..., 1:] - alarm[..., :-1]
    share = np.divide(right - alarm[..., :-1], step, out=np.zeros_like(step), where=step > 0)
    end = found[..., :-1] + np.clip(share, 0, 1) * (found[..., 1:] - found[..., :-1])
    return np.asarray(((right - left) * 0.5 * (found[..., :-1] + end)).sum(axis=-1) / limit)


def recall_at(
    positive_RB: np.ndarray, negative_RB: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Recall and false reject rate (R,), (R,) at the lowest threshold that rejects at most `limit` of the negatives."""
    hit, alarm = _from_top(positive_RB), _from_top(negative_RB)
    good = np.where(alarm[..., -1] > 0, alarm[..., -1], np.nan)
    allowed = alarm <= limit * np.nan_to_num(good)[..., None] + 1e-9
    last = allowed.sum(axis=-1) - 1  # `alarm` never falls, so the allowed bins lie at the front
    place = np.maximum(last, 0)[..., None]
    caught = np.where(last >= 0, np.take_along_axis(hit, place, axis=-1)[..., 0], 0.0)
    rejected = np.where(last >= 0, np.take_along_axis(alarm, place, axis=-1)[..., 0], 0.0)
    total = np.where(hit[..., -1] > 0, hit[..., -1], np.nan)
    return np.asarray(caught / total), np.asarray(rejected / good)


def _from_top(counts: np.ndarray) -> np.ndarray:
    """Running sum from the highest bin down."""
    return np.cumsum(counts[..., ::-1], axis=-1)
