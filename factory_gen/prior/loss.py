"""Variance guided loss of the prior, and the divergence of its code."""

from __future__ import annotations

import torch


def variance_guided_loss(
    latent_BKhw: torch.Tensor,
    mean_BKhw: torch.Tensor,
    log_var_BKhw: torch.Tensor,
    hole_B1hw: torch.Tensor,
    beta_nll: float,
) -> torch.Tensor:
    """Negative log likelihood per sample, summed over the hole: (B,).

    ``1/2 [ log var + (y - mean)^2 / var ]`` with each term damped by ``var^beta_nll`` (gradient stopped), which keeps
    hard pixels from being given up early (2203.09168).
    """
    likelihood = 0.5 * (log_var_BKhw + (latent_BKhw - mean_BKhw).square() * torch.exp(-log_var_BKhw))
    if beta_nll > 0:
        likelihood = likelihood * torch.exp(beta_nll * log_var_BKhw.detach())
    return (likelihood * hole_B1hw).sum(dim=(1, 2, 3))


def code_divergence(mean_BZ: torch.Tensor, log_var_BZ: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, var) || N(0, I)) in nats per sample: (B,)."""
    return 0.5 * (mean_BZ.square() + log_var_BZ.exp() - 1.0 - log_var_BZ).sum(dim=1)


def prior_loss(
    likelihood_B: torch.Tensor,
    divergence_B: torch.Tensor,
    hole_B1hw: torch.Tensor,
    channels: int,
    beta: float,
) -> torch.Tensor:
    """Evidence bound per latent value, averaged over the batch.

    Each sample is divided by the geometric mean of its hole's size and the window's, so that small defects weigh more
    than their few pixels and less than a whole window.
    """
    values = hole_B1hw.sum(dim=(1, 2, 3)).clamp_min(1.0) * channels
    full = float(hole_B1hw.shape[-1] * hole_B1hw.shape[-2] * channels)
    return ((likelihood_B + beta * divergence_B) / (values * full).sqrt()).mean()
