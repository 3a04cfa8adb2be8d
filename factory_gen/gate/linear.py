"""The linear inspector: a few local contrasts per pixel, weighted by least squares. Trains in a blink.

Far too weak to prove anything about a data set; it is there to try a gate out end to end and for the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np

from factory_gen.gate.batches import CHANNELS
from factory_gen.gate.inspector import Stream, Tell, Training, image_score
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores
from factory_gen.images.windows import to_unit

_BLURS = (1.0, 3.0, 9.0)
_RIDGE = 1e-2


class Linear:
    """See the file's head."""

    def train(self, stream: Stream, training: Training, tell: Tell) -> TrainedLinear:
        """Least squares on the pixels of all batches, defect and sound pixels weighing the same."""
        sums = {True: _Moments(), False: _Moments()}
        for step in range(training.steps):
            batch = stream.batch(step)
            for window, mask, masked in zip(batch.pixels, batch.mask, batch.masked, strict=True):
                if masked:
                    values = features(window)
                    sums[True].add(values[mask])
                    sums[False].add(values[~mask])
            tell(step, 0.0)
        square = sum((part.square / max(part.count, 1) for part in sums.values()), np.zeros(()))
        target = sums[True].total / max(sums[True].count, 1) - sums[False].total / max(sums[False].count, 1)
        weights = np.linalg.solve(square + _RIDGE * np.eye(len(target)), target)
        return TrainedLinear(weights)


class TrainedLinear:
    """Weights of the local contrasts."""

    losses: Sequence[float] = ()

    def __init__(self, weights: np.ndarray) -> None:
        self._weights = weights
        self.sample_losses: Mapping[str, float] = {}

    def score(self, pictures: Sequence[GatePicture]) -> Iterator[Scores]:
        """A score for each pixel; see `factory_gen.gate.inspector.Trained`."""
        for picture in pictures:
            values = features(to_unit(picture.pixels, picture.bit_depth, CHANNELS)) @ self._weights
            pixels = 1 / (1 + np.exp(-np.clip(4.0 * values, -30, 30)))
            yield Scores(image_score(pixels), pixels)


class _Moments:
    def __init__(self) -> None:
        self.count, self.total, self.square = 0, np.zeros(()), np.zeros(())

    def add(self, values: np.ndarray) -> None:
        self.count += len(values)
        self.total = self.total + values.sum(axis=0)
        self.square = self.square + values.T @ values


def features(window: np.ndarray) -> np.ndarray:
    """Local contrasts (H,W,F) float64 of a picture (H,W,C) in [-1,1]: signed and absolute, and a constant."""
    grey = window.mean(axis=2)
    smooth = [cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101) for sigma in _BLURS]
    bands = [grey - smooth[0], smooth[0] - smooth[1], smooth[1] - smooth[2], smooth[0] - float(grey.mean())]
    rough = [np.abs(band) for band in bands]
    return np.stack([*bands, *rough, np.ones_like(grey)], axis=2).astype(np.float64)
