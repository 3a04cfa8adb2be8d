"""How different the defects of one type are from each other, to be read beside the same figure of real ones.

A high figure alone proves nothing: noise and a damaged background are "diverse", too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from factory_gen.errors import UsageError


def diversity(features: np.ndarray) -> float:
    """Mean cosine distance over all pairs of N feature rows (N,D): 0 all alike, 1 unrelated; nan below two rows."""
    count = len(features)
    if count < 2:
        return float("nan")
    rows = features.astype(np.float64)
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    # |sum of unit vectors|^2 holds every pair twice and every row with itself once, so no N x N table is needed.
    total = float((unit.sum(axis=0) ** 2).sum() - (unit**2).sum())
    return 1.0 - total / (count * (count - 1))


def diversity_by_type(features: np.ndarray, types: Sequence[str]) -> dict[str, float]:
    """`diversity` of (N,D) rows inside each type; types with a single row are left out.

    Raises:
        UsageError: not one type per row.
    """
    if len(features) != len(types):
        raise UsageError(
            expected=f"one type for each of {len(features)} rows",
            found=f"{len(types)} types",
            action="Give the rows and their types in the same order.",
        )
    names = np.asarray(types)
    return {
        str(name): diversity(features[names == name])
        for name in np.unique(names)
        if (names == name).sum() >= 2
    }
