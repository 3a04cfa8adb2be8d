"""What the machine's own matrix product reaches, at any shape and type: the limit that a network is held against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as F

from factory_gen.speed.clock import Timing, timed
from factory_gen.speed.products import Product

LARGE = (1024, 2048)


def time_product(
    product: Product, kind: torch.dtype, device: torch.device, *, repeats: int = 7, most_s: float = 0.5
) -> Timing:
    """Time one product; where torch has two libraries for it, the faster one counts."""
    tries = _calls(product, kind, device)
    with torch.no_grad():
        timings = [timed(call, device, repeats=repeats, most_s=most_s) for call in tries]
    return min(timings, key=lambda timing: timing.best)


def largest_rate(
    kind: torch.dtype, device: torch.device, *, repeats: int = 5, sides: tuple[int, ...] = LARGE
) -> float:
    """Operations per second of the best large square product."""
    squares = [Product(1, side, side, side) for side in sides]
    return max(one.operations / time_product(one, kind, device, repeats=repeats).best for one in squares)


def _calls(product: Product, kind: torch.dtype, device: torch.device) -> list[Callable[[], torch.Tensor]]:
    source = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=source).to(device, kind)

    if product.batch > 1:
        left = draw(product.batch, product.rows, product.inner)
        right = draw(product.batch, product.inner, product.columns)
        return [lambda: torch.bmm(left, right)]
    x, weight = draw(product.rows, product.inner), draw(product.columns, product.inner)
    bias = draw(product.columns)
    calls: list[Callable[[], torch.Tensor]] = [lambda: F.linear(x, weight, bias)]
    if device.type == "cpu" and torch.backends.mkldnn.is_available():
        calls.append(lambda: torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], ""))
    return calls
