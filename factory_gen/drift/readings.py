"""What is noted of each incoming picture: a few figures, and its features. Plain numbers, kept as npz without pickle.

Shape letters: N pictures, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from factory_gen.errors import InputRefused

FEATURES = "features"
# Indicators that a model gives: it knows the pictures that it was trained on better than new ones.
BY_MODEL = ("autoencoder error", "prior likelihood")
INDICATORS = ("brightness", "sharpness", "direction", *BY_MODEL, FEATURES)


@dataclass(frozen=True)
class Readings:
    """What was noted of N pictures.

    Attributes:
        names: what people call each picture (N).
        groups: the part or lot of each picture (N); pictures of one group are alike.
        seen: whether the model was trained on it (N,) bool.
        figures: indicator to its value per picture (N,) float64; all of `INDICATORS` but the features.
        features: (N,D) float32.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    seen: np.ndarray
    figures: Mapping[str, np.ndarray]
    features: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.names)
        sizes = {
            len(self.groups),
            len(self.seen),
            len(self.features),
            *(len(v) for v in self.figures.values()),
        }
        finite = all(np.isfinite(values).all() for values in (*self.figures.values(), self.features))
        if sizes != {count} or not finite:
            raise InputRefused(
                expected=f"{count} finite readings of each kind",
                found=f"{sorted(sizes)} of them, {'all finite' if finite else 'some not finite'}",
                action="Look at these pictures again; one of them may be broken.",
            )

    def __len__(self) -> int:
        return len(self.names)

    def part(self, rows: slice | np.ndarray) -> Readings:
        """Some of the pictures, by a slice or by their numbers."""
        places = np.arange(len(self))[rows]
        return Readings(
            tuple(self.names[place] for place in places),
            tuple(self.groups[place] for place in places),
            self.seen[places],
            {name: values[places] for name, values in self.figures.items()},
            self.features[places],
        )

    def save(self, path: Path) -> None:
        """Write them to an npz file; a reader never sees half of it."""
        half = path.with_name(path.name + ".part.npz")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            half,
            names=np.array(self.names),
            groups=np.array(self.groups),
            seen=self.seen,
            features=self.features,
            **{f"figure {name}": values for name, values in self.figures.items()},  # type: ignore[arg-type]
        )
        half.replace(path)


def join(parts: Sequence[Readings]) -> Readings:
    """Several readings of the same indicators, one after the other."""
    return Readings(
        tuple(name for one in parts for name in one.names),
        tuple(name for one in parts for name in one.groups),
        np.concatenate([one.seen for one in parts]),
        {name: np.concatenate([one.figures[name] for one in parts]) for name in parts[0].figures},
        np.concatenate([one.features for one in parts]),
    )


def load(path: Path) -> Readings | None:
    """Read them back; None if the file is not there or cannot be used, so that they are made afresh."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            figures = {name[7:]: kept[name] for name in kept.files if name.startswith("figure ")}
            names = tuple(str(name) for name in kept["names"])
            return Readings(names, tuple(map(str, kept["groups"])), kept["seen"], figures, kept["features"])
    except (OSError, ValueError, KeyError, BadZipFile, InputRefused):
        return None
