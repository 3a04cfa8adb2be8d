"""Trainings that are done once: settings of the loop, finished weights kept and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from factory_gen.bench.settings import PriorBench
from factory_gen.sampler.generator import pick_device
from factory_gen.seeds import derive
from factory_gen.training.loop import LoopResult, LoopSettings

Report = Callable[[str, int, float], None]


@dataclass(frozen=True)
class Stage:
    """A finished training: steps and seconds."""

    steps: int
    seconds: float


def fresh(cls: type[Any], seed: int, name: str, **config: Any) -> Any:
    """A network whose first weights depend on seed and name only."""
    with torch.random.fork_rng():
        torch.manual_seed(derive(seed, "bench-weights", name))
        return cls(**config)


def loop_settings(plan: PriorBench, seed: int, budget_s: float | None) -> LoopSettings:
    """The training loop's settings; None trains for the steps that the network's own settings name."""
    return LoopSettings(
        steps=1,
        budget_s=budget_s,
        ema=plan.ema,
        precision=plan.precision,
        device=plan.device,
        seed=seed,
        clock=fair_clock(plan.device),
    )


def fair_clock(device: str) -> str:
    """What time is counted by: computing time where one CPU thread does the work, else the wall's."""
    return "cpu" if torch.get_num_threads() == 1 and pick_device(device).type == "cpu" else "wall"


def once(name: str, model: Any, folder: Path, work: Callable[[], LoopResult]) -> Stage:
    """Run a training, or read its finished weights; leaves the network frozen."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, facts = folder / f"{name}.finished.safetensors", folder / f"{name}.finished.json"
    if facts.exists():
        model.load_state_dict(load_file(weights))
        stage = Stage(**json.loads(facts.read_text()))
    else:
        result = work()
        stage = Stage(result.steps, result.seconds)
        # The facts are written last: they say that the weights are complete.
        save_file(
            {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}, weights
        )
        facts.write_text(json.dumps({"steps": stage.steps, "seconds": stage.seconds}))
    model.eval().requires_grad_(False)
    return stage
