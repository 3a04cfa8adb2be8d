"""The anomaly inspector: SuperSimpleNet of anomalib, which learns from good windows and from defects with masks.

anomalib is an extra that installs apart (`pip install factory-gen[anomaly]`); without it the gate refuses cleanly.
The frozen features are EfficientNet-Lite0's, whose weights need no download.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import timm
import torch
from torch import nn

from factory_gen.errors import InputRefused
from factory_gen.gate.encoder import ENCODER, load_weights, seed_weights
from factory_gen.gate.inspector import SampleLosses, Stream, Tell, Training, image_score
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores
from factory_gen.gate.segmentation import schedule_at, to_tensors
from factory_gen.gate.tiling import score_map

_STAGES = (1, 2)  # strides 4 and 8
SMALLEST_WINDOW = 128  # the library's noise needs 64 feature cells along a side


class Anomaly:
    """See the file's head.

    Raises:
        InputRefused: anomalib is not installed.
    """

    def __init__(self) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the library's own imports
                from anomalib.models.image.supersimplenet import loss, torch_model
        except ImportError as error:
            raise InputRefused(
                expected="anomalib for the anomaly inspector",
                found=f"{type(error).__name__}: {error}",
                action="Install it: pip install 'factory-gen[anomaly]'. The other inspectors work without it.",
            ) from error
        self._loss, self._model = loss, torch_model

    def train(self, stream: Stream, training: Training, tell: Tell) -> TrainedAnomaly:
        """Adaptor and heads on frozen features; AdamW with the library's rates and a cosine schedule.

        Raises:
            InputRefused: windows that are too small for the library.
        """
        if training.window < SMALLEST_WINDOW:
            raise InputRefused(
                expected=f"windows of {SMALLEST_WINDOW} pixels or more for the anomaly inspector",
                found=f"{training.window}, as the part's recipe says",
                action="Use another inspector, or a recipe with larger windows.",
            )
        with torch.random.fork_rng(devices=[]):
            seed_weights(training.seed)
            net = _build(self._model).to(training.device).train()
            loss_of, losses, samples = self._loss.SSNLoss(), [], SampleLosses(training.steps)
            optimiser = torch.optim.AdamW(
                [
                    {"params": net.adaptor.parameters(), "lr": 1e-4},
                    {"params": net.segdec.parameters(), "lr": 2e-4, "weight_decay": 1e-5},
                ]
            )
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimiser, lambda step: schedule_at(step / max(1, training.steps))
            )
            for step in range(training.steps):
                batch = stream.batch(step)
                pixels, mask = to_tensors(batch.pixels, batch.mask, training.device)
                label = torch.from_numpy(batch.mask.any(axis=(1, 2))).float().to(training.device)
                loss = loss_of(*net(pixels, mask[:, 0], label))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                losses.append(float(loss.detach()))
                samples.add(step, batch, np.full(len(batch.keys), losses[-1]))
                tell(step, losses[-1])
        return TrainedAnomaly(net, training.device, losses)


class TrainedAnomaly:
    """A trained detector, ready to score."""

    def __init__(self, net: nn.Module, device: str, losses: Sequence[float]) -> None:
        self._net, self._device, self.losses = net.eval(), device, losses
        self.sample_losses: dict[str, float] = {}

    def score(self, pictures: Sequence[GatePicture]) -> Iterator[Scores]:
        """An anomaly score for each pixel; see `factory_gen.gate.inspector.Trained`."""
        for picture in pictures:
            pixels = score_map(picture, self._predict)
            yield Scores(image_score(pixels), pixels)

    @torch.inference_mode()
    def _predict(self, windows_BHWC: np.ndarray) -> np.ndarray:
        pixels, _ = to_tensors(windows_BHWC, None, self._device)
        return np.asarray(self._net(pixels).anomaly_map[:, 0].float().cpu().numpy())


class _Features(nn.Module):
    """Two stages of the frozen encoder as the mapping that anomalib's own extractor gives."""

    def __init__(self) -> None:
        super().__init__()
        self.net = timm.create_model(ENCODER, pretrained=False, features_only=True, out_indices=_STAGES)
        load_weights(self.net)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> _Features:
        return super().train(False)

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {str(place): found for place, found in enumerate(self.net(pixels))}


def _build(library: Any) -> Any:
    """The library's network around our features: its own constructor would look for weights on a hub."""
    features = _Features()

    class Extractor(library.UpscalingFeatureExtractor):
        def __init__(self, backbone: str, layers: Sequence[str], patch_size: int = 3) -> None:
            nn.Module.__init__(self)
            self.feature_extractor = features
            self.pooler = nn.AvgPool2d(kernel_size=patch_size, stride=1, padding=patch_size // 2)

    kept = library.UpscalingFeatureExtractor
    library.UpscalingFeatureExtractor = Extractor
    try:
        return library.SupersimplenetModel(
            backbone=ENCODER, layers=[str(stage) for stage in _STAGES], stop_grad=False
        )
    finally:
        library.UpscalingFeatureExtractor = kept
