"""The classification inspector: EfficientNet-Lite0 (timm, ImageNet weights) tells good windows from each defect type.

It works with image-level labels too: pictures then come resized to one window each, see
`pipelines/inspection/pictures.py`.

Shape legend: B windows, S side, T defect types, C = 3 channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import timm
import torch
from torch import nn
from torch.nn import functional

from factory_gen.gate.batches import CHANNELS
from factory_gen.gate.encoder import ENCODER, load_weights, seed_weights
from factory_gen.gate.inspector import SampleLosses, Stream, Tell, Training
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores
from factory_gen.gate.segmentation import schedule_at, to_tensors
from factory_gen.gate.tiling import tiles
from factory_gen.images.windows import pad_to, to_unit

_AT_ONCE = 64


class Classification:
    """See the file's head."""

    def train(self, stream: Stream, training: Training, tell: Tell) -> TrainedClassification:
        """Cross-entropy over good and the types, AdamW, cosine schedule."""
        with torch.random.fork_rng(devices=[]):
            seed_weights(training.seed)
            net: Any = timm.create_model(ENCODER, pretrained=False, num_classes=1 + len(stream.types))
            load_weights(net)
            # The library's own start is so far from even chances that the first steps only undo it.
            nn.init.normal_(net.classifier.weight, std=0.01)
            nn.init.zeros_(net.classifier.bias)
        net = net.to(training.device).to(memory_format=torch.channels_last).train()
        optimiser = torch.optim.AdamW(net.parameters(), lr=training.learning_rate, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: schedule_at(step / max(1, training.steps))
        )
        losses, samples = [], SampleLosses(training.steps)
        for step in range(training.steps):
            batch = stream.batch(step)
            pixels, _ = to_tensors(batch.pixels, None, training.device)
            each = functional.cross_entropy(
                net(pixels), torch.from_numpy(batch.kinds).to(training.device), reduction="none"
            )
            optimiser.zero_grad(set_to_none=True)
            each.mean().backward()
            optimiser.step()
            schedule.step()
            losses.append(float(each.detach().mean()))
            samples.add(step, batch, each.detach().cpu().numpy())
            tell(step, losses[-1])
        return TrainedClassification(net, training, stream.types, losses, samples.means())


class TrainedClassification:
    """A trained classifier, ready to score."""

    def __init__(
        self,
        net: nn.Module,
        training: Training,
        types: Sequence[str],
        losses: Sequence[float],
        sample_losses: dict[str, float],
    ) -> None:
        self._net, self._training, self._types = net.eval(), training, tuple(types)
        self.losses, self.sample_losses = losses, sample_losses

    def score(self, pictures: Sequence[GatePicture]) -> Iterator[Scores]:
        """Each picture by the most defective of its windows, which overlap by half."""
        for picture in pictures:
            chances = np.concatenate([self._predict(some) for some in self._windows(picture)])
            worst = chances.max(axis=0)
            kinds = {name: float(worst[1 + place]) for place, name in enumerate(self._types)}
            yield Scores(float((1 - chances[:, 0]).max()), types=kinds)

    def _windows(self, picture: GatePicture) -> Iterator[np.ndarray]:
        side = self._training.window
        values = to_unit(pad_to(picture.pixels, side), picture.bit_depth, CHANNELS)
        corners = list(tiles(values.shape[0], values.shape[1], (side, side), side // 2))
        for start in range(0, len(corners), _AT_ONCE):
            yield np.stack([values[y : y + side, x : x + side] for y, x in corners[start : start + _AT_ONCE]])

    @torch.inference_mode()
    def _predict(self, windows_BHWC: np.ndarray) -> np.ndarray:
        """Chances (B,1+T)."""
        pixels, _ = to_tensors(windows_BHWC, None, self._training.device)
        return np.asarray(self._net(pixels).float().softmax(dim=1).cpu().numpy())
