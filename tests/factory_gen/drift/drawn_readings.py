"""Readings drawn from known distributions: groups that differ a little, and a shift where a test wants one."""

from __future__ import annotations

import numpy as np

from factory_gen.drift.readings import BY_MODEL, Readings

WIDTH = 6


def draw(
    rng: np.random.Generator,
    count: int,
    *,
    per_group: int = 1,
    between: float = 0.0,
    shift: dict[str, float] | None = None,
    seen: int = 0,
) -> Readings:
    """`count` readings: all figures and features standard normal, plus a normal of spread `between` per group.

    Args:
        rng: for all of it.
        count: pictures.
        per_group: pictures in each group.
        between: how much groups differ.
        shift: indicator to what is added to it.
        seen: the first so many were seen by the model.
    """
    group = np.arange(count) // per_group
    own = rng.normal(size=(group[-1] + 1, 5 + WIDTH)) * between
    values = rng.normal(size=(count, 5 + WIDTH)) + own[group]
    names = ("brightness", "sharpness", "direction", *BY_MODEL)
    added = shift or {}
    token = int(rng.integers(1 << 30))
    return Readings(
        tuple(f"{token}-{place}.png" for place in range(count)),
        tuple(f"{token}-{number}" for number in group),
        np.arange(count) < seen,
        {name: values[:, place] + added.get(name, 0.0) for place, name in enumerate(names)},
        (values[:, 5:] + added.get("features", 0.0)).astype(np.float32),
    )
