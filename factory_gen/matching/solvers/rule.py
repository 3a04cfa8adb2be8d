"""What a solver is: a rule that makes one step, and how many calls of the network that costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Velocity = Callable[[torch.Tensor, float], torch.Tensor]
StepRule = Callable[[Velocity, torch.Tensor, float, float], torch.Tensor]


@dataclass(frozen=True)
class Solver:
    """A step rule and its cost.

    Attributes:
        rule: (velocity, x (B,...), t, dt) to x at t + dt.
        calls: velocity calls per step.
        order: error falls with this power of dt.
    """

    rule: StepRule
    calls: int
    order: int
