"""A noisy plate with bright dents and dark scratches, drawn in microseconds: what the gate's tests train on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from factory_gen.gate.pictures import GatePicture

SIDE = 48
TYPES = ("dent", "scratch")


def plate(
    rng: np.random.Generator, group: str, key: str, name: str | None, *, strength: float = 25.0
) -> GatePicture:
    """One picture, good or with one defect of a type."""
    values = 120 + rng.normal(0, 9, (SIDE, SIDE)) + 12 * np.sin(np.arange(SIDE) / 7 + rng.uniform(0, 6))
    masks = {}
    if name is not None:
        mask = np.zeros((SIDE, SIDE), dtype=bool)
        y, x = rng.integers(6, SIDE - 16, 2)
        if name == "dent":
            mask[y : y + 7, x : x + 7] = True
            values[mask] += strength
        else:
            mask[y : y + 2, x : x + 14] = True
            values[mask] -= strength
        masks[name] = mask
    return GatePicture(key, group, np.clip(values, 0, 255).astype(np.uint8), masks=masks)


def plates(
    seed: int,
    *,
    groups: int = 8,
    per_group: int = 2,
    prefix: str = "g",
    strength: float = 25.0,
    goods: bool = True,
) -> list[GatePicture]:
    """Groups with good plates and plates of both types."""
    rng = np.random.default_rng(seed)
    found = []
    kinds: Sequence[str | None] = (None, *TYPES) if goods else TYPES
    for group in range(groups):
        for name in kinds:
            for copy in range(per_group):
                found.append(
                    plate(rng, f"{prefix}{group}", f"{prefix}{group} {name} {copy}", name, strength=strength)
                )
    return found
