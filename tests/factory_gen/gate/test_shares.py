"""Dealing groups into folds, and choosing shares: constructed cases with known answers."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from factory_gen.gate.shares import choose_shares, class_mix, deal_groups


def pictures(counts: dict[str, dict[str, int]]) -> list[tuple[str, tuple[str, ...]]]:
    """Group to type to number of pictures; the type "" is good."""
    return [
        (group, (name,) if name else ())
        for group, types in counts.items()
        for name, count in types.items()
        for _ in range(count)
    ]


def test_folds_keep_groups_together_and_share_out_each_type() -> None:
    rng = np.random.default_rng(0)
    counts = {f"g{n}": {"": int(rng.integers(0, 4)), "a": 2, "b": int(n % 3 == 0)} for n in range(24)}
    found = pictures(counts)
    folds = deal_groups(found, 2, seed=1)
    assert set(folds) == set(counts) and set(folds.values()) == {0, 1}
    for name in ("a", "b"):
        sizes = Counter(folds[group] for group, labels in found if name in labels)
        assert abs(sizes[0] - sizes[1]) <= 2, name
    assert deal_groups(found, 2, seed=1) == folds
    assert deal_groups(found, 2, seed=2) != folds


def test_a_type_with_two_groups_is_on_both_sides() -> None:
    found = pictures({"x": {"rare": 1}, "y": {"rare": 1}} | {f"g{n}": {"a": 3} for n in range(7)})
    for seed in range(10):
        folds = deal_groups(found, 2, seed=seed)
        assert folds["x"] != folds["y"]


@pytest.mark.parametrize(
    ("control", "half", "whole", "share"),
    [
        (0.5, 0.4, 0.3, 0.0),
        (0.5, 0.6, 0.55, 0.5),
        (0.5, 0.51, 0.7, 1.0),
        (0.5, 0.5, 0.5, 0.0),
        (0.5, math.nan, math.nan, 0.0),
        (math.nan, 0.1, 0.2, 1.0),
    ],
)
def test_the_best_share_is_chosen_and_a_tie_goes_to_none(
    control: float, half: float, whole: float, share: float
) -> None:
    found = choose_shares({"a": control}, {1.0: {"a": whole}, 0.5: {"a": half}}, ["a"])
    assert found == {"a": share}


def test_all_types_get_an_equal_part_of_the_extra_slots() -> None:
    assert class_mix(["a", "b"]) == {"a": 0.5, "b": 0.5}
