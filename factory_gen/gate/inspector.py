"""The small interface behind which every inspector works: batches in, a trained inspector out, which scores pictures.

A new inspector is one file and one line in `factory_gen/gate/inspectors.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from factory_gen.gate.batches import Batch
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores

TOP_PIXELS = 32
Tell = Callable[[int, float], None]  # step, loss


class Stream(Protocol):
    """Where an inspector gets its batches: `factory_gen.gate.batches.BatchStream`."""

    @property
    def types(self) -> tuple[str, ...]:
        """Defect types in the order of `Batch.kinds`."""

    def batch(self, step: int) -> Batch:
        """The windows of one step."""


@dataclass(frozen=True)
class Training:
    """How long and where.

    Attributes:
        steps: optimiser steps; every arm gets the same.
        batch: windows per step.
        window: side of a window in pixels.
        learning_rate: at the top of the schedule.
        seed: of weights and anything else random.
        device: "cpu" or "cuda".
        moves: flips and turns that the part allows; what an inspector finds in a mirrored picture counts as well.
    """

    steps: int
    batch: int
    window: int
    learning_rate: float
    seed: int
    device: str = "cpu"
    moves: tuple[str, ...] = ()


class Trained(Protocol):
    """A trained inspector.

    Attributes:
        losses: one per step, as far as the inspector has steps.
        sample_losses: mean loss of each synthetic picture's windows over the second half of the training.
    """

    @property
    def losses(self) -> Sequence[float]:
        """See above."""

    @property
    def sample_losses(self) -> Mapping[str, float]:
        """See above."""

    def score(self, pictures: Sequence[GatePicture]) -> Iterator[Scores]:
        """Score pictures at their own size, in order. Masks and labels must not be looked at."""


class Inspector(Protocol):
    """A kind of inspection model."""

    def train(self, stream: Stream, training: Training, tell: Tell) -> Trained:
        """Train from scratch (or from public weights) on the stream's batches."""


def no_tell(step: int, loss: float) -> None:
    """Tells nobody."""


def image_score(pixels: np.ndarray) -> float:
    """A picture's score from its map (H,W): the mean of the `TOP_PIXELS` highest; one hot pixel is not enough."""
    count = min(TOP_PIXELS, pixels.size)
    return float(np.partition(pixels.ravel(), pixels.size - count)[-count:].mean())


class SampleLosses:
    """Collects the loss of synthetic windows over the second half of a training."""

    def __init__(self, steps: int) -> None:
        self._from = steps // 2
        self._sums: dict[str, list[float]] = {}

    def add(self, step: int, batch: Batch, losses: np.ndarray) -> None:
        """Note the losses (B,) of one step."""
        if step < self._from:
            return
        for key, source, loss in zip(batch.keys, batch.sources, losses, strict=True):
            if source == "synthetic":
                self._sums.setdefault(key, []).append(float(loss))

    def means(self) -> dict[str, float]:
        """Picture's key to its mean loss."""
        return {key: float(np.mean(losses)) for key, losses in self._sums.items()}
