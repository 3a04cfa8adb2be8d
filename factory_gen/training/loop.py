"""The one training loop, on accelerate: state in, state out.

What a batch is and what a step does are given as functions; both get a generator that depends only on the seed and
the step number, so a run that was killed continues with the batches it would have had. With a step budget the
continued run is bit-equal on the CPU; with a time budget the schedule follows the clock and is not. Several processes
share out the rows of each batch (`factory_gen.training.share`), so how many there are changes the result by rounding
only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import AutocastKwargs, broadcast
from torch import nn

from factory_gen.errors import FactoryGenError
from factory_gen.seeds import torch_generator
from factory_gen.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from factory_gen.training.ema import Ema
from factory_gen.training.share import SharedNetwork

Batch = Any
Step = Callable[[nn.Module, Batch, torch.Generator, int], tuple[torch.Tensor, dict[str, float]]]
Report = Callable[[int, float, dict[str, float]], None]
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.monotonic, "cpu": time.process_time}


@dataclass(frozen=True)
class LoopSettings:
    """How one network is trained.

    Attributes:
        steps: most optimiser steps.
        budget_s: seconds after which the training ends, or None; learning rate follows whichever is nearer its end.
        learning_rate: peak of the cosine schedule.
        warmup: steps of linear rise.
        weight_decay: of AdamW.
        clip: largest gradient norm.
        ema: decay of the averaged weights, reached after a warm-up.
        precision: "bf16" or "no"; one value per process, since accelerate fixes it at first use.
        autocast: whether this training runs in that precision; small networks gain nothing from it.
        device: "auto", "cpu" or "cuda".
        seed: of batches and noise.
        checkpoint_s: seconds between checkpoints.
        clock: what the budget counts: "wall", or "cpu" for the process's own computing time, which on a busy machine
            is what a training with one thread would have taken on a free one.
    """

    steps: int
    budget_s: float | None = None
    learning_rate: float = 1e-3
    warmup: int = 50
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.997
    precision: str = "bf16"
    autocast: bool = True
    device: str = "auto"
    seed: int = 0
    checkpoint_s: float = 60.0
    clock: str = "wall"

    def __post_init__(self) -> None:
        if self.budget_s is not None and not self.budget_s > 0:
            raise ValueError(
                f"budget_s must be above 0, or the training would never end; found {self.budget_s}"
            )


@dataclass(frozen=True)
class LoopResult:
    """How a training ended: optimiser steps made, seconds spent and the mean loss of the last tenth."""

    steps: int
    seconds: float
    loss: float


class Diverged(FactoryGenError):
    """The loss stopped being a number, twice."""


def make_accelerator(settings: LoopSettings) -> Accelerator:
    """Accelerator for the device and precision that the settings ask for."""
    return Accelerator(mixed_precision=settings.precision, cpu=settings.device == "cpu")


def train(
    name: str,
    model: nn.Module,
    draw: Callable[[torch.Generator], Batch],
    step: Step,
    settings: LoopSettings,
    folder: Path,
    *,
    resume: bool = False,
    report: Report = lambda step, fraction, figures: None,
) -> LoopResult:
    """Train `model` in place and leave the averaged weights in it.

    Args:
        name: names the checkpoint and the random streams.
        model: network; its `forward` is what `step` calls.
        draw: makes the batch of one step from a generator.
        step: loss and figures of one batch, given network, batch, generator and the number of steps made.
        settings: see `LoopSettings`.
        folder: where checkpoints go (safetensors and JSON).
        resume: continue from the checkpoint in `folder` when there is one.
        report: called after each step with the step, the share done and the figures.

    Returns:
        `LoopResult`; the model carries the EMA weights and is in eval mode.

    Raises:
        Diverged: loss or gradient not finite again after going back once at half the learning rate.
    """
    run = _Run(name, model, settings, folder)
    if resume:
        run.load()
    losses: list[float] = []
    while not run.done():
        generator = torch_generator(settings.seed, name, run.step, 0)
        batch = draw(generator)
        with run.accelerator.autocast(AutocastKwargs(enabled=settings.autocast)):
            loss, figures = step(run.model, batch, generator, run.step)
        if not run.update(loss):
            run.go_back()
            continue
        losses.append(float(loss.detach()))
        report(run.step, run.fraction_here(), {"loss": losses[-1], **figures})
        run.checkpoint_when_due()
    run.finish()
    tail = losses[-max(1, len(losses) // 10) :] or [run.last_loss]
    return LoopResult(run.step, run.elapsed(), sum(tail) / len(tail))


class _Run:
    """State of one training between its steps."""

    def __init__(self, name: str, model: nn.Module, settings: LoopSettings, folder: Path) -> None:
        self.name, self.settings, self.path = name, settings, folder / f"{name}.checkpoint"
        self.accelerator = make_accelerator(settings)
        self.bare = model.train()
        optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.99),
            fused=True,
        )
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        if self.accelerator.num_processes > 1:
            count, place = self.accelerator.num_processes, self.accelerator.process_index
            self.model = SharedNetwork(self.model, count, place)
        self.ema = Ema(self.bare, settings.ema)
        self.step, self.spent, self.scale, self.went_back, self.last_loss = 0, 0.0, 1.0, False, float("nan")
        self.clock = CLOCKS[settings.clock]
        self.started, self.saved, self.fraction = self.clock(), time.monotonic(), 0.0

    def elapsed(self) -> float:
        return self.spent + self.clock() - self.started

    def fraction_here(self) -> float:
        """Share of the training that is done, by this process's clock."""
        by_steps = self.step / self.settings.steps
        budget = self.settings.budget_s
        return by_steps if budget is None else max(by_steps, self.elapsed() / budget)

    def done(self) -> bool:
        self.fraction = self.fraction_here()
        if self.accelerator.num_processes > 1:
            # Every process must take the same steps at the same rate, so the first one's clock decides.
            told = torch.tensor([self.fraction], device=self.accelerator.device)
            self.fraction = float(broadcast(told)[0])
        return self.fraction >= 1.0

    def update(self, loss: torch.Tensor) -> bool:
        """One optimiser step; False when the loss or the gradient is not finite (nothing is changed then)."""
        settings = self.settings
        self.optimizer.zero_grad(set_to_none=True)
        if not bool(torch.isfinite(loss.detach()).all()):
            return False
        self.accelerator.backward(loss)
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), settings.clip)
        if norm is not None and not bool(torch.isfinite(norm)):
            return False
        rise = min(1.0, (self.step + 1) / max(1, settings.warmup))
        fall = 0.5 * (1.0 + math.cos(math.pi * min(1.0, self.fraction)))
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * self.scale * rise * max(fall, 0.02)
        self.optimizer.step()
        self.step += 1
        self.last_loss = float(loss.detach())
        self.ema.update(self.bare, self.step)
        return True

    def go_back(self) -> None:
        if self.went_back or not self.path.exists():
            raise Diverged(
                expected="a finite loss",
                found=f"{self.name}: not a number at step {self.step}",
                action="Lower learning_rate in the recipe, or set precision to 'no', and train again.",
            )
        self.load()
        self.went_back, self.scale = True, self.scale * 0.5

    def checkpoint_when_due(self) -> None:
        if time.monotonic() - self.saved < self.settings.checkpoint_s or not self.accelerator.is_main_process:
            return
        self.save()

    def save(self) -> None:
        self.saved = time.monotonic()
        write_checkpoint(
            self.path,
            Checkpoint(self.step, self.elapsed(), self.scale, self.last_loss),
            self.bare,
            self.optimizer,
            self.ema,
        )

    def load(self) -> None:
        if not self.path.exists():
            return
        state = read_checkpoint(self.path, self.bare, self.optimizer, self.ema)
        self.step, self.spent, self.scale, self.last_loss = state.step, state.seconds, state.scale, state.loss
        self.started = self.clock()

    def finish(self) -> None:
        if self.accelerator.is_main_process:
            self.save()
        self.accelerator.wait_for_everyone()
        self.ema.copy_to(self.bare)
        self.bare.eval()
