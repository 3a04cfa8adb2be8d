"""Rows shared out over processes: the same outputs and the same gradients as one process with all rows."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from factory_gen.training.share import SharedNetwork

WORLD = 2


class Net(nn.Module):
    """Two outputs from a batch, a list of maps and a plain value."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(
        self, x: torch.Tensor, extra: list[torch.Tensor], scale: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.first(x + extra[0]) * scale
        return hidden, self.second(hidden.tanh())


def outcome(network: nn.Module, bare: Net, rows: int) -> list[torch.Tensor]:
    """Loss and gradients; the loss is no mean over rows."""
    generator = torch.Generator().manual_seed(1)
    x, extra = (torch.randn(rows, 3, generator=generator) for _ in range(2))
    hidden, out = network(x, [extra], 0.5)
    loss = out.square().mean().sqrt() + (hidden.mean(dim=0) - 1.0).abs().sum()
    loss.backward()
    return [loss.detach(), *(p.grad.clone() for p in bare.parameters() if p.grad is not None)]


def fresh() -> Net:
    torch.manual_seed(0)
    return Net()


def work(place: int, folder: Path, rows: int) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meet'}", rank=place, world_size=WORLD
    )
    bare = fresh()
    found = outcome(SharedNetwork(DistributedDataParallel(bare), WORLD, place), bare, rows)
    torch.save(found, folder / f"{place}.pt")
    distributed.destroy_process_group()


@pytest.mark.parametrize("rows", [8, 5, 1], ids=["even", "odd", "fewer rows than processes"])
def test_two_processes_have_the_loss_and_the_gradients_of_one(tmp_path: Path, rows: int) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=work, args=(place, tmp_path, rows)) for place in range(WORLD)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
        assert process.exitcode == 0
    bare = fresh()
    wanted = outcome(bare, bare, rows)
    for place in range(WORLD):
        found = torch.load(tmp_path / f"{place}.pt", weights_only=True)
        assert len(found) == len(wanted) == 5
        for ours, theirs in zip(found, wanted, strict=True):
            assert torch.allclose(ours, theirs, atol=1e-6)
