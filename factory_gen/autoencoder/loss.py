"""Reconstruction loss of the autoencoder: absolute error plus the absolute error of the gradients."""

from __future__ import annotations

import torch


def reconstruction_loss(
    out_BCHW: torch.Tensor, target_BCHW: torch.Tensor, weight_B1HW: torch.Tensor
) -> torch.Tensor:
    """Weighted L1 on pixels plus half of it on horizontal and vertical differences.

    Args:
        out_BCHW, target_BCHW: windows in [-1,1].
        weight_B1HW: positive weight of each pixel, mean about 1.

    Returns:
        Scalar loss.
    """
    error = (out_BCHW - target_BCHW).float()
    pixel = (error.abs() * weight_B1HW).mean()
    down = ((error[:, :, 1:] - error[:, :, :-1]).abs() * weight_B1HW[:, :, 1:]).mean()
    across = ((error[..., 1:] - error[..., :-1]).abs() * weight_B1HW[..., 1:]).mean()
    return pixel + 0.25 * (down + across)


def mask_weights(mask_B1HW: torch.Tensor, inside: float) -> torch.Tensor:
    """Weight (B,1,H,W): `inside` on pixels of small masks, falling to 1 as the mask fills the window."""
    area = mask_B1HW.float().mean(dim=(2, 3), keepdim=True)
    boost = (inside - 1.0) * (1.0 - (area / 0.1).clamp(max=1.0))
    return 1.0 + boost * mask_B1HW.float()
