"""The segmentation inspector: a U-Net on a pretrained EfficientNet-Lite0, through segmentation-models-pytorch.

In the trial the pretrained encoder took the pooled average precision from .19 to .79: a weak inspector proves nothing.
The decoder is half as wide as the library's default, which halves the time of a step on a CPU. A picture is scored as
it is and in each mirrored form that the part allows, and the mean counts: the same network then finds more
(`docs/decisions/0008-a-strong-inspector-and-the-control-arm.md`).

Shape legend: B windows, H height, W width, C = 3 channels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from factory_gen.gate.encoder import load_weights, seed_weights
from factory_gen.gate.inspector import SampleLosses, Stream, Tell, Training, image_score
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores
from factory_gen.gate.tiling import score_map
from factory_gen.nets.half import has_bfloat16, keep_depthwise_in_float32

DECODER = (128, 64, 32, 16, 8)
# Axis of windows (B,H,W,C), and of their scores (B,H,W), along which a move mirrors.
MIRRORED_AXIS = {"flip-x": 2, "flip-y": 1}
_WARM_UP = 0.05


def build(seed: int) -> nn.Module:
    """The network with pretrained encoder and freshly drawn decoder: (B,3,H,W) in [-1,1] to logits (B,1,H,W)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own imports
        import segmentation_models_pytorch as smp
    with torch.random.fork_rng(devices=[]):
        seed_weights(seed)
        net: nn.Module = smp.Unet(
            "tu-tf_efficientnet_lite0", encoder_weights=None, classes=1, decoder_channels=DECODER
        )
        load_weights(net, "encoder.model.")
    return net


class Segmentation:
    """See the file's head. Windows without a mask are left out of the loss."""

    def train(self, stream: Stream, training: Training, tell: Tell) -> TrainedSegmentation:
        """Cross-entropy and Dice, AdamW, cosine schedule; the same number of steps whatever the arm."""
        net = build(training.seed).to(training.device).to(memory_format=torch.channels_last)
        half = has_bfloat16(torch.device(training.device))
        if training.device == "cpu":
            keep_depthwise_in_float32(net)
        optimiser = torch.optim.AdamW(
            net.parameters(), lr=training.learning_rate, weight_decay=1e-2, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: schedule_at(step / max(1, training.steps))
        )
        net.train()
        losses, samples = [], SampleLosses(training.steps)
        for step in range(training.steps):
            batch = stream.batch(step)
            pixels, mask = to_tensors(batch.pixels, batch.mask, training.device)
            masked = torch.from_numpy(batch.masked).to(training.device)
            with torch.autocast(training.device, torch.bfloat16, enabled=half):
                logits = net(pixels)
            loss, per_window = segmentation_loss(logits.float(), mask, masked)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            samples.add(step, batch, per_window.cpu().numpy())
            tell(step, losses[-1])
        axes = [axis for move, axis in MIRRORED_AXIS.items() if move in training.moves]
        return TrainedSegmentation(net, training.device, losses, samples.means(), axes)


class TrainedSegmentation:
    """A trained network, ready to score; `mirrored` are the axes along which it looks at a picture mirrored, too."""

    def __init__(
        self,
        net: nn.Module,
        device: str,
        losses: Sequence[float],
        sample_losses: dict[str, float],
        mirrored: Sequence[int] = (),
    ) -> None:
        self._net, self._device, self._mirrored = net.eval(), device, mirrored
        self._half = has_bfloat16(torch.device(device))
        self.losses, self.sample_losses = losses, sample_losses

    def score(self, pictures: Sequence[GatePicture]) -> Iterator[Scores]:
        """A probability for each pixel; see `factory_gen.gate.inspector.Trained`."""
        for picture in pictures:
            pixels = score_map(picture, self._predict)
            yield Scores(image_score(pixels), pixels)

    def _predict(self, windows_BHWC: np.ndarray) -> np.ndarray:
        found = [self._look(windows_BHWC)]
        for axis in self._mirrored:
            found.append(np.flip(self._look(np.flip(windows_BHWC, axis)), axis))
        return np.mean(found, axis=0)

    @torch.inference_mode()
    def _look(self, windows_BHWC: np.ndarray) -> np.ndarray:
        pixels, _ = to_tensors(windows_BHWC, None, self._device)
        with torch.autocast(self._device, torch.bfloat16, enabled=self._half):
            logits = self._net(pixels)
        return np.asarray(logits[:, 0].float().sigmoid().cpu().numpy())


def segmentation_loss(logits: Tensor, mask: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy plus the mean Dice loss of the windows that show a defect, and each window's own entropy.

    Dice is taken window by window: over a whole batch, the large areas decide and small defects go under.

    Args:
        logits, mask: (B,1,H,W).
        masked: (B,) bool, False for windows whose mask is not known.
    """
    over = (1, 2, 3)
    entropy = functional.binary_cross_entropy_with_logits(logits, mask, reduction="none").mean(dim=over)
    chance, area = logits.sigmoid(), mask.sum(dim=over)
    dice = 1 - (2 * (chance * mask).sum(dim=over) + 1) / (chance.sum(dim=over) + area + 1)
    known = masked.float()
    shown = known * (area > 0)
    loss = _mean(entropy, known) + _mean(dice, shown)
    return loss, entropy.detach()


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1)


def schedule_at(progress: float) -> float:
    """Factor of the learning rate at a share of the training: a short rise, then half a cosine down to 1 %."""
    if progress < _WARM_UP:
        return max(progress / _WARM_UP, 0.02)
    return float(0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * (progress - _WARM_UP) / (1 - _WARM_UP))))


def to_tensors(pixels_BHWC: np.ndarray, mask_BHW: np.ndarray | None, device: str) -> tuple[Tensor, Tensor]:
    """Channels-last tensors (B,C,H,W) and (B,1,H,W) on the device."""
    pixels = torch.from_numpy(np.ascontiguousarray(pixels_BHWC)).permute(0, 3, 1, 2)
    pixels = pixels.to(device).contiguous(memory_format=torch.channels_last)
    mask = torch.zeros(0) if mask_BHW is None else torch.from_numpy(mask_BHW)[:, None].float().to(device)
    return pixels, mask
