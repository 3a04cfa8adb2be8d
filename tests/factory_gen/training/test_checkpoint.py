"""A checkpoint gives back what was stored, in the memory layout that the optimiser's fused kernel reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from factory_gen.training.loop import LoopSettings, train

SETTINGS = LoopSettings(
    steps=12, learning_rate=0.05, warmup=1, ema=0.5, precision="no", device="cpu", seed=3, checkpoint_s=0.0
)


class Killed(Exception):
    pass


def fresh(layout: torch.memory_format) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(3, 8, 3).to(memory_format=layout)  # type: ignore[call-overload]


def draw(generator: torch.Generator, rank: int = 0) -> torch.Tensor:
    return torch.randn(4, 3, 12, 12, generator=generator)


def step(
    model: nn.Module, batch: torch.Tensor, generator: torch.Generator, done: int
) -> tuple[torch.Tensor, dict[str, float]]:
    return (model(batch) - 1).square().mean(), {}


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize("killed_at", [1, 7])
def test_convolutions_resume_bit_equal(tmp_path: Path, layout: torch.memory_format, killed_at: int) -> None:
    undisturbed = fresh(layout)
    train("conv", undisturbed, draw, step, SETTINGS, tmp_path / "a")

    def kill(number: int, fraction: float, figures: dict[str, float]) -> None:
        if number == killed_at:
            raise Killed

    with pytest.raises(Killed):
        train("conv", fresh(layout), draw, step, SETTINGS, tmp_path / "b", report=kill)
    resumed = fresh(layout)
    seldom = replace(SETTINGS, checkpoint_s=60.0)
    train("conv", resumed, draw, step, seldom, tmp_path / "b", resume=True)
    assert torch.equal(undisturbed.weight, resumed.weight)
    assert torch.equal(undisturbed.bias, resumed.bias)
