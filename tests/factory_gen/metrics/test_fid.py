"""FID against torchmetrics and against the closed form for sets with exactly known mean and covariance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from factory_gen.metrics.fid import _distance, _fitted, fid
from factory_gen.metrics.set_score import SetScore
from tests.factory_gen.metrics.drawn_sets import Pass, draw


def exact(
    count: int, mean: list[float], spreads: list[float], *, turn: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Rows (count,2) whose own mean is `mean` and whose covariance is diag(spreads^2) turned by an angle."""
    raw = np.random.default_rng(seed).normal(size=(count, 2))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T
    cosine, sine = np.cos(turn), np.sin(turn)
    return white * spreads @ np.array([[cosine, sine], [-sine, cosine]]) + mean


def root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(values) @ vectors.T)


@pytest.mark.parametrize(
    ("mean", "spreads", "wanted"),
    [
        ([0.0, 0.0], [1.0, 2.0], 0.0),
        ([3.0, 4.0], [1.0, 2.0], 25.0),
        ([0.0, 0.0], [3.0, 2.0], 4.0),
        ([1.0, 0.0], [0.5, 5.0], 1.0 + 0.25 + 9.0),
    ],
    ids=["same", "shifted", "wider", "all of it"],
)
def test_known_means_and_spreads_give_the_closed_form(
    mean: list[float], spreads: list[float], wanted: float
) -> None:
    """For covariances with the same axes it is |m_1 - m_2|^2 plus the squared differences of the spreads."""
    score = fid(exact(40, mean, spreads, seed=1), exact(60, [0.0, 0.0], [1.0, 2.0]), resamples=0)
    assert score.value == pytest.approx(wanted, abs=1e-9)


def test_turned_covariances_give_the_closed_form_with_matrix_roots() -> None:
    first, second = exact(40, [0, 0], [1, 3], turn=0.6), exact(50, [0, 0], [2, 0.5], seed=1)
    s_1, s_2 = np.cov(first.T), np.cov(second.T)
    half = root(s_1)
    wanted = np.trace(s_1 + s_2 - 2 * root(half @ s_2 @ half))
    assert fid(first, second, resamples=0).value == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("counts", [(60, 90), (10, 12), (10, 50)], ids=["many", "few", "one few"])
def test_value_agrees_with_torchmetrics(counts: tuple[int, int]) -> None:
    """With 16 features, 10 and 12 pictures give covariances without full rank."""
    first, second = draw(counts[0]), draw(counts[1], shift=0.5, seed=1)
    theirs = FrechetInceptionDistance(feature=Pass()).set_dtype(torch.float64)
    theirs.update(torch.from_numpy(second).double(), real=True)
    theirs.update(torch.from_numpy(first).double(), real=False)
    wanted = float(theirs.compute())
    assert fid(first, second, resamples=0).value == pytest.approx(wanted, rel=1e-4)


def test_few_pictures_of_one_distribution_do_not_come_out_at_zero() -> None:
    """The warning in the module's text, as a fact."""
    few, many = (fid(draw(n), draw(n, seed=1), resamples=0).value for n in (12, 1000))
    assert few > 5 > 0.5 > many > 0


@pytest.mark.parametrize(("shift", "count"), [(1.0, 60), (0.5, 12), (0.0, 200)])
def test_interval_holds_what_another_draw_of_as_many_pictures_gives(shift: float, count: int) -> None:
    def score(seed: int) -> SetScore:
        return fid(
            draw(count, shift=shift, seed=seed), draw(count, seed=900 + seed), seed=seed, confidence=0.9
        )

    scores = [score(seed) for seed in range(80)]
    values = np.array([score.value for score in scores])
    assert np.mean([score.low <= values.mean() <= score.high for score in scores]) >= 0.78
    widths = np.mean([score.high - score.low for score in scores])
    assert 0.7 < widths / np.subtract(*np.quantile(values, [0.95, 0.05])) < 1.8


def test_influences_are_what_leaving_pictures_out_changes() -> None:
    """Truth: the jackknife, one distance per picture left out, less its mean (which is the bias)."""
    first, second = draw(200, shift=0.5), draw(150, seed=1)
    whole, of_first, of_second = _distance(_fitted(first), _fitted(second))

    def without(rows: np.ndarray, other: np.ndarray) -> np.ndarray:
        left = [np.delete(rows, index, axis=0) for index in range(len(rows))]
        changes = np.array([whole - _distance(_fitted(rest), _fitted(other))[0] for rest in left])
        return (changes - changes.mean()) * (len(rows) - 1)

    for wanted, found in ((without(first, second), of_first), (without(second, first), of_second)):
        assert np.corrcoef(wanted, found)[0, 1] > 0.99
        assert np.std(found) == pytest.approx(np.std(wanted), rel=0.1)
