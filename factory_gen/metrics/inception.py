"""The Inception network of FID papers, for users who have its weights on disk.

FID is defined by one network: Inception v3 as TensorFlow published it in 2015, 1,008 classes. torchvision's Inception
v3 is its sibling with weights of its own; the older one averages without the padded edge, and takes a maximum instead
of a mean in its last block. Torchvision's blocks are used here with those two changes, and the tensors keep the names
that the known conversions of the 2015 weights have. Pictures are resized to 299 as torchmetrics does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import inception

from factory_gen.metrics.features import FrozenFeatures

SIDE = 299


def mean_without_edge(x_BCHW: Tensor) -> Tensor:
    """Mean over 3 by 3 pixels, at the edge over those that exist; same shape."""
    return F.avg_pool2d(x_BCHW, 3, stride=1, padding=1, count_include_pad=False)


class _A(inception.InceptionA):
    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.branch_pool(mean_without_edge(x))]


class _C(inception.InceptionC):
    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.branch_pool(mean_without_edge(x))]


class _E(inception.InceptionE):
    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.branch_pool(mean_without_edge(x))]


class _LastE(inception.InceptionE):
    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.branch_pool(F.max_pool2d(x, 3, stride=1, padding=1))]


class InceptionFeatures(FrozenFeatures):
    """Pooled features (D = 2,048) of the 2015 Inception; made with random weights, see `backbones.load_backbone`."""

    num_features = 2048

    def __init__(self) -> None:
        super().__init__()
        blocks = [
            inception.BasicConv2d,
            _A,
            inception.InceptionB,
            _C,
            inception.InceptionD,
            _E,
            inception.InceptionAux,
        ]
        self.net = inception.Inception3(aux_logits=False, inception_blocks=blocks, init_weights=False)
        self.net.Mixed_7c = _LastE(2048)
        self.net.fc = nn.Identity()
        self.requires_grad_(False)
        self.eval()

    def own_names(self, stored: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a weights file that belong to this network: all but the classifier."""
        return {name: value for name, value in stored.items() if not name.startswith(("fc.", "AuxLogits."))}

    @torch.no_grad()
    def forward(self, pictures_BCHW: Tensor) -> Tensor:
        """Features (B,2048) float32 of pictures (B,1,H,W) or (B,3,H,W) in [-1, 1], rounded to 8 bits first.

        Raises:
            InputRefused: another shape, an integer type, or sides under 16 pixels.
        """
        levels = ((self.prepared(pictures_BCHW) + 1.0) * 127.5).round().clamp(0, 255)
        resized = F.interpolate(
            levels, size=(SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True
        )
        features: Tensor = self.net((resized - 128.0) / 128.0)
        return features
