"""Feature sets whose distribution is known, and a network that hands features through torchmetrics."""

from __future__ import annotations

import numpy as np
import torch

WIDTH = 16


class Pass(torch.nn.Module):
    """Hands features through, so that torchmetrics computes on exactly ours."""

    num_features = WIDTH

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def draw(count: int, *, shift: float = 0.0, seed: int = 0, width: int = WIDTH) -> np.ndarray:
    """Normal features (count, width) around `shift` with spread 1."""
    return np.random.default_rng(seed).normal(shift, 1.0, (count, width)).astype(np.float32)
