"""Several processes on one batch: each computes its own rows, and every one of them gets all.

All processes draw the same batch and the same noise. Only the network that is trained works on a share of the rows;
what it gives is gathered, so the loss is that of the whole batch in every process, also where it is no mean over
rows. A training on two processes therefore does what one on a single process does, up to rounding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import distributed, nn


class SharedNetwork(nn.Module):
    """A network under `DistributedDataParallel` that is called with whole batches.

    Args:
        network: averages its gradients over all processes.
        count: number of processes.
        place: number of this one.
    """

    def __init__(self, network: nn.Module, count: int, place: int) -> None:
        super().__init__()
        self.network, self.count, self.place = network, count, place

    def forward(self, *args: Any) -> Any:
        """What the network gives for all rows: a tensor (B,...) or a tuple of them.

        Args:
            args: tensors (B,...), lists of such, objects with a method `part` for some of the rows, or plain values.
        """
        total = _rows_of(args)
        if total < self.count:
            # too few to share out: all compute the same, and the mean of equal gradients is right as it is
            return self.network(*args)
        bounds = [round(total * place / self.count) for place in range(self.count + 1)]
        rows = slice(bounds[self.place], bounds[self.place + 1])
        found = self.network(*(_part(one, rows, total) for one in args))
        if isinstance(found, torch.Tensor):
            return _Gathered.apply(found, bounds, self.place)
        return tuple(_Gathered.apply(one, bounds, self.place) for one in found)


class _Gathered(torch.autograd.Function):
    """Rows of all processes one after the other.

    Every process has the whole loss, so the gradient of its own rows is at hand without asking the others. The mean
    over processes, which `DistributedDataParallel` takes, must then be a sum: hence the factor.
    """

    @staticmethod
    def forward(ctx: Any, own: torch.Tensor, bounds: list[int], place: int) -> torch.Tensor:
        ctx.rows, ctx.count = slice(bounds[place], bounds[place + 1]), len(bounds) - 1
        sizes = [after - before for before, after in pairwise(bounds)]
        most = max(sizes)
        # the collective wants equal shares
        padded = own.new_zeros(most, *own.shape[1:])
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(parts, padded.contiguous())
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return grad[ctx.rows] * ctx.count, None, None


def _rows_of(args: tuple[Any, ...]) -> int:
    """Rows of the batch: those of the first tensor."""
    first = next(one for one in args if isinstance(one, torch.Tensor))
    return len(first)


def _part(one: Any, rows: slice, total: int) -> Any:
    if isinstance(one, torch.Tensor):
        return one[rows] if one.ndim and len(one) == total else one
    if isinstance(one, list | tuple):
        return type(one)(_part(item, rows, total) for item in one)
    return one.part(rows) if hasattr(one, "part") else one
