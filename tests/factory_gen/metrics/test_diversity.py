"""Diversity of features with known angles."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from factory_gen.errors import UsageError
from factory_gen.metrics.diversity import diversity, diversity_by_type


def test_it_is_the_mean_over_all_pairs() -> None:
    rows = np.random.default_rng(0).normal(size=(9, 5))
    pairs = [1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in combinations(rows, 2)]
    assert diversity(rows) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize(
    "rows, wanted",
    [(np.ones((4, 3)), 0.0), (np.eye(5), 1.0), (np.array([[1.0, 0.0], [-2.0, 0.0]]), 2.0)],
    ids=["copies", "right angles", "opposites"],
)
def test_known_angles(rows: np.ndarray, wanted: float) -> None:
    assert diversity(rows) == pytest.approx(wanted, abs=1e-9)


def test_each_type_for_itself() -> None:
    rows = np.concatenate([np.ones((3, 4)), np.eye(4)[:2], np.eye(4)[:1]])
    found = diversity_by_type(rows, ["pit", "pit", "pit", "crack", "crack", "stain"])
    assert found == pytest.approx({"crack": 1.0, "pit": 0.0}, abs=1e-9)
    assert np.isnan(diversity(rows[:1]))


def test_a_type_missing_for_a_row_is_refused() -> None:
    with pytest.raises(UsageError, match="same order"):
        diversity_by_type(np.eye(3), ["pit"])
