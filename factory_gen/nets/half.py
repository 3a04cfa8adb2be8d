"""Convolutional networks in bfloat16: where it pays, and which layers it does not pay for."""

from __future__ import annotations

import platform
from collections.abc import Callable

import torch
from torch import nn


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself; without that it would be imitated, slowly."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if not (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        return False
    # oneDNN also says yes to processors with AVX-512 that lack the instructions, and imitates them there.
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return not x86 or bool(torch.cpu._is_avx512_bf16_supported())


def keep_depthwise_in_float32(net: nn.Module) -> None:
    """Make every grouped convolution compute in float32 under autocast, in place; weights and names stay as they are.

    On a CPU torch 2.14 has no fast backward pass for grouped convolutions in bfloat16: one layer of EfficientNet-Lite0
    took as long as a fifth of the whole step. There is no switch in autocast for single layers.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups > 1:
            layer.forward = _in_float32(layer)  # type: ignore[assignment, method-assign]


def _in_float32(layer: nn.Conv2d) -> Callable[[torch.Tensor], torch.Tensor]:
    plain = type(layer).forward

    def forward(pixels_BCHW: torch.Tensor) -> torch.Tensor:
        with torch.autocast(pixels_BCHW.device.type, enabled=False):
            return plain(layer, pixels_BCHW.float())

    return forward
