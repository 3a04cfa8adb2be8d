"""How many CPU threads the networks may use."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """Limit torch to `count` threads; 0 leaves its own choice."""
    if count > 0:
        torch.set_num_threads(count)
