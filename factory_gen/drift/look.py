"""From pictures to readings: light, sharpness, direction, what the part's own model makes of them, and features.

The model and the feature network look at a few windows of each picture at native resolution, as in training: a
smaller picture would hide a slight blur. Where the windows lie depends on the picture's name only.

Shape letters: B windows, C channels, H W sides of a picture, D features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch

from factory_gen.drift.readings import BY_MODEL, Readings
from factory_gen.images import windows
from factory_gen.images.dataset import PartImage
from factory_gen.metrics.features import FrozenFeatures
from factory_gen.nets.condition import MASK_CHANNELS, Conditions
from factory_gen.nets.fast import fast_inference
from factory_gen.prior.loss import code_divergence, variance_guided_loss
from factory_gen.seeds import numpy_generator

WINDOWS = 4
MODEL_WINDOWS = (0, 3)  # the model, which takes most of the time, looks at two of them
CHUNK = 16
SQUARE = 16
_TINY = 1e-6


@dataclass(frozen=True)
class Looker:
    """What looks at pictures.

    Attributes:
        autoencoder, prior: the champion's networks, in eval mode.
        features: (B,1|3,S,S) to (B,D).
        size: side S of the model's window in pixels.
        channels: 1 or 3, what the model works in.
        device: where the networks are.
        bf16: whether the model's networks run in bfloat16, as its training did.
    """

    autoencoder: Any
    prior: Any
    features: FrozenFeatures
    size: int
    channels: int
    device: torch.device
    bf16: bool = False

    def look(self, images: Sequence[PartImage], groups: Sequence[str], seen: Sequence[bool]) -> Readings:
        """Readings of good pictures; `groups` and `seen` as in `Readings`, one for each picture.

        Raises:
            InputRefused: a reading is no number.
        """
        plain = np.array([plain_figures(image) for image in images]).reshape(-1, 3)
        by_model = np.zeros((len(images), 2))
        features = np.zeros((len(images), self.features.num_features), np.float32)
        for start in range(0, len(images), CHUNK):
            rows = slice(start, start + CHUNK)
            by_model[rows], features[rows] = self._chunk(images[rows])
        columns = (*plain.T, *by_model.T)
        names = ("brightness", "sharpness", "direction", *BY_MODEL)
        figures = {name: np.ascontiguousarray(values) for name, values in zip(names, columns, strict=True)}
        keys = tuple(image.key for image in images)
        return Readings(keys, tuple(groups), np.array(seen, dtype=bool), figures, features)

    @torch.inference_mode()
    def _chunk(self, images: Sequence[PartImage]) -> tuple[np.ndarray, np.ndarray]:
        """Model figures (n,2) and features (n,D) of n pictures, each the mean over its windows."""
        cuts = [cut for image in images for cut in self._windows(image)]
        batch = windows.stack(cuts).to(self.device)
        some = batch.unflatten(0, (-1, WINDOWS))[:, MODEL_WINDOWS].flatten(0, 1)
        with fast_inference(self.device, bf16=self.bf16):
            latent = self.autoencoder.encode(some)
            error = (self.autoencoder.decode(latent) - some).square().mean(dim=(1, 2, 3))
            likelihood = negative_likelihood(self.prior, latent)
        both = torch.stack([(error + _TINY).log(), likelihood], dim=1)
        figures = both.unflatten(0, (-1, len(MODEL_WINDOWS))).mean(1)
        features = self.features(batch).unflatten(0, (-1, WINDOWS)).mean(1)
        return figures.double().cpu().numpy(), features.float().cpu().numpy()

    def _windows(self, image: PartImage) -> Iterator[np.ndarray]:
        """`WINDOWS` windows (S,S,C) in [-1,1], one from each quarter of the places that there are."""
        pixels = windows.pad_to(image.pixels, self.size)
        rng = numpy_generator(0, "drift", image.key)
        room_y, room_x = (side - self.size for side in pixels.shape[:2])
        for number in range(WINDOWS):
            y, x = (np.array(divmod(number, 2)) + rng.uniform(size=2)) / 2
            cut = windows.cut(pixels, round(y * room_y), round(x * room_x), self.size)
            yield windows.to_unit(cut, image.bit_depth, self.channels)


def plain_figures(image: PartImage) -> tuple[float, float, float]:
    """Brightness, sharpness and direction of one picture.

    Brightness is the mean grey in [0,1] of the brighter half of the picture's squares of 16 pixels: the lit surface,
    without the gaps and shadows that differ from part to part, and whatever the focus. Sharpness is the log of the
    Laplacian's share in the picture's variance, so that light does not change it. Direction is
    ``coherence x sin(2 angle)`` of the gradients, which a turn by a few degrees moves whether the edges lie or stand.
    """
    grey = image.pixels.astype(np.float32) / (2**image.bit_depth - 1)
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    sharpness = float(np.log((cv2.Laplacian(grey, cv2.CV_32F).var() + _TINY) / (grey.var() + _TINY)))
    along_x, along_y = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    energy = float((along_x**2 + along_y**2).mean())
    return _lit(grey), sharpness, float(2 * (along_x * along_y).mean()) / (energy + _TINY)


def _lit(grey: np.ndarray) -> float:
    height, width = (max(1, side // SQUARE) for side in grey.shape)
    squares = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    return float(squares[squares >= np.median(squares)].mean())


def negative_likelihood(prior: Any, latent_BKhw: torch.Tensor) -> torch.Tensor:
    """What the prior makes of whole good windows: bound on the negative log likelihood per latent value, (B,)."""
    batch, _, height, width = latent_BKhw.shape
    conditions = Conditions(
        torch.zeros_like(latent_BKhw),
        latent_BKhw.new_ones(batch, 1, height, width),
        latent_BKhw.new_zeros(batch, MASK_CHANNELS, height, width),
        torch.zeros(batch, dtype=torch.long, device=latent_BKhw.device),
        latent_BKhw.new_full((batch,), float("nan")),
    )
    code_mean, code_log_var = prior.encode(latent_BKhw, conditions)
    mean, log_var = prior.decode(code_mean, conditions)
    likelihood = variance_guided_loss(latent_BKhw, mean, log_var, conditions.hole, 0.0)
    return (likelihood + code_divergence(code_mean, code_log_var)) / latent_BKhw[0].numel()
