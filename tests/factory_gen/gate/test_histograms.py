"""Figures from histograms against scikit-learn on the binned scores, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from factory_gen.gate.histograms import (
    BINS,
    aupro,
    auroc,
    average_precision,
    best_f1,
    histogram,
    recall_at,
    to_bins,
)


def drawn(seed: int, lift: float, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return 1 / (1 + np.exp(-rng.normal(lift, 1.5, n))), 1 / (1 + np.exp(-rng.normal(-1, 1.5, 5 * n)))


def binned(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    return truth, to_bins(np.concatenate([positive, negative]))


@pytest.mark.parametrize("lift", [-1.0, 0.5, 4.0])
def test_average_precision_and_auroc_are_scikit_learns(lift: float) -> None:
    positive, negative = drawn(3, lift)
    truth, bins = binned(positive, negative)
    counts = histogram(positive), histogram(negative)
    assert average_precision(*counts) == pytest.approx(average_precision_score(truth, bins), abs=1e-12)
    assert auroc(*counts) == pytest.approx(roc_auc_score(truth, bins), abs=1e-12)


def test_the_bins_cost_next_to_nothing() -> None:
    positive, negative = drawn(5, 1.0, n=2000)
    truth = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    exact = average_precision_score(truth, np.concatenate([positive, negative]))
    assert average_precision(histogram(positive), histogram(negative)) == pytest.approx(exact, abs=2e-3)


def test_best_f1_is_the_best_over_all_thresholds() -> None:
    positive, negative = drawn(7, 1.0, n=60)
    truth, bins = binned(positive, negative)
    best = max(f1_score(truth, bins >= threshold) for threshold in np.unique(bins))
    assert best_f1(histogram(positive), histogram(negative)) == pytest.approx(best, abs=1e-12)


def test_aupro_of_a_known_curve() -> None:
    # Half of the only region scores high with no alarm; the other half comes with every alarm at once.
    overlap, negative = np.zeros(BINS), np.zeros(BINS)
    overlap[900], overlap[100], negative[100] = 0.5, 0.5, 1000
    # From (0, .5) to (1, 1): at the limit .3 the overlap is .65, the area .3 * (.5 + .65) / 2.
    assert aupro(overlap, np.array(1.0), negative) == pytest.approx((0.5 + 0.65) / 2)


def test_aupro_of_a_perfect_and_of_a_blind_detector() -> None:
    overlap, negative = np.zeros(BINS), np.zeros(BINS)
    overlap[1000], negative[10] = 3.0, 500
    assert aupro(overlap, np.array(3.0), negative) == pytest.approx(1.0)
    assert aupro(negative / 500 * 3, np.array(3.0), negative) == pytest.approx(0.15)
    assert np.isnan(aupro(np.zeros(BINS), np.array(0.0), negative))


@pytest.mark.parametrize(
    ("limit", "recall", "rejected"), [(0.0, 0.5, 0.0), (0.1, 0.75, 0.1), (1.0, 1.0, 1.0)]
)
def test_recall_at_a_limit_of_false_rejects(limit: float, recall: float, rejected: float) -> None:
    positive, negative = np.zeros(BINS), np.zeros(BINS)
    positive[[900, 500, 100]] = 2, 1, 1
    negative[[600, 300]] = 1, 9
    found = recall_at(positive, negative, limit)
    assert found[0] == pytest.approx(recall)
    assert found[1] == pytest.approx(rejected)


def test_one_call_serves_many_resamplings() -> None:
    rng = np.random.default_rng(0)
    positive, negative = rng.integers(0, 3, (4, BINS)), rng.integers(0, 9, (4, BINS))
    for figure in (average_precision, best_f1, auroc):
        together = figure(positive, negative)
        assert together.shape == (4,)
        for row in range(4):
            assert together[row] == pytest.approx(float(figure(positive[row], negative[row])))


def test_nothing_to_find_is_not_a_number_but_no_warning() -> None:
    nothing, some = np.zeros(BINS), np.ones(BINS)
    assert np.isnan(average_precision(nothing, some))
    assert np.isnan(best_f1(nothing, some))
    assert np.isnan(auroc(some, nothing))
    assert np.isnan(recall_at(nothing, some, 0.1)[0])


def test_scores_that_are_no_numbers_count_as_lowest() -> None:
    assert to_bins(np.array([np.nan, 0.0, 1.0, 2.0])).tolist() == [0, 0, BINS - 1, BINS - 1]
