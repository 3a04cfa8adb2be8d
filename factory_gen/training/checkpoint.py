"""Checkpoints of a running training: one safetensors file whose header carries the small figures.

Written beside the target and renamed, so that a kill leaves either the old or the new one.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from factory_gen.errors import IntegrityError
from factory_gen.training.ema import Ema


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands.

    Attributes:
        step: optimiser steps made.
        seconds: spent so far.
        scale: factor on the learning rate (halved after a loss that was not a number).
        loss: of the last step.
    """

    step: int
    seconds: float
    scale: float
    loss: float


def write_checkpoint(path: Path, state: Checkpoint, model: nn.Module, optimizer: Any, ema: Ema) -> None:
    """Write weights, averaged weights and the optimiser's moments to `path` in one rename."""
    tensors: dict[str, torch.Tensor] = {}
    for index, (parameter, average) in enumerate(zip(model.parameters(), ema.values, strict=True)):
        moments = optimizer.state.get(parameter, {})
        tensors[f"{index}.weight"] = parameter.detach().contiguous()
        tensors[f"{index}.average"] = average.contiguous()
        for key, value in moments.items():
            tensors[f"{index}.{key}"] = torch.as_tensor(value).detach().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"state": json.dumps(asdict(state))})
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(path)


def read_checkpoint(path: Path, model: nn.Module, optimizer: Any, ema: Ema) -> Checkpoint:
    """Put a checkpoint back into model, optimiser and average, and return its figures.

    Raises:
        IntegrityError: the file is damaged or belongs to another network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for index, parameter in enumerate(model.parameters()):
                parameter.data.copy_(file.get_tensor(f"{index}.weight"))
                ema.values[index].copy_(file.get_tensor(f"{index}.average"))
                prefix = f"{index}."
                found = {n[len(prefix) :] for n in names if n.startswith(prefix)} - {"weight", "average"}
                if found:
                    optimizer.state[parameter] = {
                        key: _beside(parameter, file.get_tensor(prefix + key)) for key in found
                    }
            return Checkpoint(**json.loads(file.metadata()["state"]))
    except (SafetensorError, RuntimeError, KeyError, TypeError, OSError, json.JSONDecodeError) as error:
        raise IntegrityError(
            expected=f"a checkpoint of this recipe in {path.name}",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            action="Start the training again without --resume.",
        ) from error


def _beside(parameter: torch.Tensor, moment: torch.Tensor) -> torch.Tensor:
    """The moment on the parameter's device and in its memory layout, which fused AdamW takes for granted."""
    if moment.shape != parameter.shape:
        return moment.to(parameter.device)
    return torch.empty_like(parameter, dtype=moment.dtype).copy_(moment)


def write_weights(path: Path, model: nn.Module) -> None:
    """Write a finished network's weights as safetensors in one rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}, part)
    part.replace(path)
