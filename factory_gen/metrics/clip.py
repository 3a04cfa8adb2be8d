"""CLIP's picture tower, for users who have its weights on disk: CMMD's published features (2401.09603).

ViT-L/14 at 336 pixels as OpenAI published it, with the projection to 768. Pictures are resized to a square by bicubic
interpolation, small ones too: a window of 64 pixels then shows its defect five times enlarged.
"""

from __future__ import annotations

from typing import Any, cast

import timm
import torch
from timm.data import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from torch import Tensor
from torch.nn import functional as F

from factory_gen.metrics.features import FrozenFeatures

SIDE = 336


class ClipFeatures(FrozenFeatures):
    """Projected features (D = 768); made with random weights, see `backbones.load_backbone`.

    Args:
        side: of the square that pictures are resized to.
        features: D.
        shape: changes to the transformer (depth, embed_dim, num_heads), for a smaller one.
    """

    def __init__(self, side: int = SIDE, features: int = 768, **shape: Any) -> None:
        super().__init__()
        self.num_features, self.side = features, side
        self.net = timm.create_model(
            "vit_large_patch14_clip_quickgelu_336",
            pretrained=False,
            img_size=side,
            num_classes=features,
            **shape,
        )
        self.register_buffer("mean", torch.tensor(OPENAI_CLIP_MEAN)[:, None, None], persistent=False)
        self.register_buffer("spread", torch.tensor(OPENAI_CLIP_STD)[:, None, None], persistent=False)
        self.requires_grad_(False)
        self.eval()

    def own_names(self, stored: dict[str, Tensor]) -> dict[str, Tensor]:
        """Tensors under timm's names, from a file in timm's or in OpenAI's layout (``visual.``, text tower ignored)."""
        renamed = dict(checkpoint_filter_fn(stored, cast(VisionTransformer, self.net)))
        positions = stored.get("visual.positional_embedding", stored.get("pos_embed"))
        if positions is not None and positions.shape[-2] != self.net.get_parameter("pos_embed").shape[-2]:
            # timm stretches the positions of a network for other picture sizes; here they must be refused.
            renamed["pos_embed"] = positions
        return renamed

    @torch.no_grad()
    def forward(self, pictures_BCHW: Tensor) -> Tensor:
        """Features (B,D) float32 of pictures (B,1,H,W) or (B,3,H,W) in [-1, 1]; not yet of unit length.

        Raises:
            InputRefused: another shape, an integer type, or sides under 16 pixels.
        """
        size = (self.side, self.side)
        shares = (self.prepared(pictures_BCHW) + 1.0) / 2.0
        resized = F.interpolate(shares, size=size, mode="bicubic", align_corners=False, antialias=True)
        features: Tensor = self.net((resized - self.get_buffer("mean")) / self.get_buffer("spread"))
        return features.float()
