"""A very small flow and a bank whose latents are drawn, for trainings of a handful of steps."""

from __future__ import annotations

import torch

from factory_gen.flow.model import FlowModel
from factory_gen.flow.source import SourceRule
from factory_gen.nets.condition import Conditions
from factory_gen.training.latents import LatentBank, LatentBatch

SHAPE: dict[str, int] = {
    "latent_channels": 2,
    "latent_size": 4,
    "kinds": 1,
    "code_size": 3,
    "width": 16,
    "depth": 1,
    "heads": 2,
}
K, SIZE = 2, 4
RULE = SourceRule("gaussian", 1.0, torch.zeros(K, SIZE, SIZE), torch.zeros(K, SIZE, SIZE))


def network(*, spans: bool, calm: bool = False, seed: int = 0, fresh: bool = False) -> FlowModel:
    torch.manual_seed(seed)
    net = FlowModel(**SHAPE, patch=2, spans=spans, calm=calm)
    if not fresh:
        for name, parameter in net.named_parameters():
            if not name.startswith("span."):
                torch.nn.init.normal_(parameter, std=0.2)
    return net


def whole(batch: int) -> Conditions:
    zeros = torch.zeros(batch, K, SIZE, SIZE)
    return Conditions(
        zeros,
        torch.ones_like(zeros[:, :1]),
        torch.zeros(batch, 4, SIZE, SIZE),
        torch.zeros(batch, dtype=torch.long),
        torch.full((batch,), float("nan")),
    )


class Shifted(LatentBank):
    """A bank without windows: its latents are N(3, 0.5^2)."""

    def __init__(self) -> None:
        self.device = torch.device("cpu")

    def draw(
        self, batch: int, generator: torch.Generator, *, whole_share: float, dropout: float
    ) -> LatentBatch:
        latent = 3.0 + 0.5 * torch.randn(batch, K, SIZE, SIZE, generator=generator)
        return LatentBatch(latent, whole(batch))


def code(latent: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
    zeros = torch.zeros(latent.shape[0], 3)
    return zeros, zeros


def decode(code_BZ: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros_like(conditions.context), torch.zeros_like(conditions.context)
