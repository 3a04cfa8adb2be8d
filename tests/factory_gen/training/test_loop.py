"""The loop learns, resumes bit-equal, keeps to its budget, and does not survive a loss that is no number."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch import nn

from factory_gen.errors import IntegrityError
from factory_gen.training.loop import Diverged, LoopSettings, train

SETTINGS = LoopSettings(
    steps=60, learning_rate=0.1, warmup=1, weight_decay=0.0, ema=0.5, precision="no", device="cpu", seed=3
)


def fresh() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 1)


def draw(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(16, 4, generator=generator)
    return x, x.sum(dim=1, keepdim=True)


def step(
    model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], generator: torch.Generator, done: int
) -> tuple[torch.Tensor, dict[str, float]]:
    return (model(batch[0]) - batch[1]).square().mean(), {}


class Killed(Exception):
    pass


def test_it_learns_a_linear_map(tmp_path: Path) -> None:
    model = fresh()
    result = train("sum", model, draw, step, SETTINGS, tmp_path)
    assert result.steps == 60
    assert result.loss < 0.2
    assert torch.allclose(model.weight, torch.ones(1, 4), atol=0.25)


def test_a_killed_training_resumes_bit_equal(tmp_path: Path) -> None:
    undisturbed = fresh()
    train("sum", undisturbed, draw, step, SETTINGS, tmp_path / "a")
    often = LoopSettings(**{**vars(SETTINGS), "checkpoint_s": 0.0})

    def kill(step_number: int, fraction: float, figures: dict[str, float]) -> None:
        if step_number == 23:
            raise Killed

    with pytest.raises(Killed):
        train("sum", fresh(), draw, step, often, tmp_path / "b", report=kill)
    resumed = fresh()
    train("sum", resumed, draw, step, often, tmp_path / "b", resume=True)
    assert torch.equal(undisturbed.weight, resumed.weight)
    assert torch.equal(undisturbed.bias, resumed.bias)


def test_a_time_budget_ends_the_training(tmp_path: Path) -> None:
    settings = LoopSettings(**{**vars(SETTINGS), "steps": 10**9, "budget_s": 0.5})
    started = time.monotonic()
    result = train("sum", fresh(), draw, step, settings, tmp_path)
    assert result.steps > 1
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("budget", [0.0, -1.5])
def test_a_budget_that_is_spent_is_refused_since_the_training_would_never_end(budget: float) -> None:
    with pytest.raises(ValueError, match="never end"):
        LoopSettings(**{**vars(SETTINGS), "budget_s": budget})


def test_one_bad_loss_goes_back_and_two_end_it(tmp_path: Path) -> None:
    settings = LoopSettings(**{**vars(SETTINGS), "checkpoint_s": 0.0})
    bad = {20}

    def spoiled(
        model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        loss, figures = step(model, batch, generator, done)
        if done in bad:
            bad.discard(done)
            loss = loss * float("nan")
        return loss, figures

    model = fresh()
    assert train("sum", model, draw, spoiled, settings, tmp_path / "once").steps == 60
    assert bool(torch.isfinite(model.weight).all())

    def always(
        model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], generator: torch.Generator, done: int
    ) -> tuple[torch.Tensor, dict[str, float]]:
        loss, figures = step(model, batch, generator, done)
        return loss * (float("nan") if done == 20 else 1.0), figures

    with pytest.raises(Diverged, match="not a number"):
        train("sum", fresh(), draw, always, settings, tmp_path / "twice")


@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, place: str) -> None:
    train("sum", fresh(), draw, step, SETTINGS, tmp_path)
    path = tmp_path / "sum.checkpoint"
    data = path.read_bytes()
    cut = {"start": data[20:], "middle": data[: len(data) // 2], "end": data[:-8]}[place]
    path.write_bytes(cut)
    with pytest.raises(IntegrityError, match="checkpoint"):
        train("sum", fresh(), draw, step, SETTINGS, tmp_path, resume=True)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    train("sum", fresh(), draw, step, SETTINGS, tmp_path)
    with pytest.raises(IntegrityError):
        train("sum", nn.Linear(5, 1), draw, step, SETTINGS, tmp_path, resume=True)


def test_the_cpu_clock_does_not_count_time_spent_waiting(tmp_path: Path) -> None:
    """A budget of computing time: a step that sleeps costs a wall clock far more than the process's own."""
    steps = {}
    for clock in ("wall", "cpu"):
        torch.manual_seed(0)
        model = nn.Linear(2, 1)

        def step(
            network: nn.Module, batch: torch.Tensor, generator: torch.Generator, done: int
        ) -> tuple[torch.Tensor, dict[str, float]]:
            time.sleep(0.02)
            return network(batch).square().mean(), {}

        settings = LoopSettings(steps=40, budget_s=0.3, precision="no", device="cpu", clock=clock)
        result = train(clock, model, lambda generator: torch.ones(4, 2), step, settings, tmp_path / clock)
        steps[clock] = result.steps
    assert steps["wall"] <= 16 < steps["cpu"]
