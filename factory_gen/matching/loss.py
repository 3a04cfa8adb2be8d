"""Weighted regression of the velocity.

Any positive weight that depends only on z, t and the pixel leaves the minimiser as it is; it decides which pixels are
learned first.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from factory_gen.checks import check_choice

WEIGHTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "one": torch.ones_like,
    "inverse-variance": lambda log_var: torch.exp(-log_var),
    "sigma": lambda log_var: torch.exp(0.5 * log_var),
}


def importance_weight(kind: str, log_var_BKhw: torch.Tensor) -> torch.Tensor:
    """Weight (B,K,h,w) from the prior's log variance; `kind` is a key of `WEIGHTS`."""
    check_choice(kind, WEIGHTS, "flow.weight")
    return WEIGHTS[kind](log_var_BKhw)


def weighted_regression(
    velocity_BKhw: torch.Tensor,
    target_BKhw: torch.Tensor,
    weight_BKhw: torch.Tensor,
    region_B1hw: torch.Tensor,
) -> torch.Tensor:
    """Mean over samples of the weighted squared error inside each sample's region. Scalar."""
    return sample_errors(velocity_BKhw, target_BKhw, weight_BKhw, region_B1hw).mean()


def sample_errors(
    velocity_BKhw: torch.Tensor,
    target_BKhw: torch.Tensor,
    weight_BKhw: torch.Tensor,
    region_B1hw: torch.Tensor,
) -> torch.Tensor:
    """Each sample's mean weighted squared error inside its region: (B,)."""
    error = (velocity_BKhw.float() - target_BKhw).square() * weight_BKhw * region_B1hw
    count = region_B1hw.sum(dim=(1, 2, 3)).clamp_min(1.0) * velocity_BKhw.shape[1]
    return error.sum(dim=(1, 2, 3)) / count


def even_out(error_B: torch.Tensor, power: float, floor: float = 1e-3) -> torch.Tensor:
    """Adaptive weighting (2505.13447): ``error / stopgrad(error + floor)^power``, (B,).

    Samples with a large error, which are mostly those with a large jump, then weigh no more than the others;
    power 0 leaves the errors as they are.
    """
    return error_B / (error_B.detach() + floor) ** power


def pseudo_huber(error_B: torch.Tensor, width: float) -> torch.Tensor:
    """``sqrt(error + width^2) - width``, (B,): the square for small errors, the root for large ones (2405.20320)."""
    return (error_B + width**2).sqrt() - width
