"""The matrix products inside a network's forward pass, counted by watching it run.

A product of (rows, inner) by (inner, columns) costs ``2 rows inner columns`` operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from factory_gen.nets.blocks import Attention


@dataclass(frozen=True)
class Product:
    """One kind of product: `batch` of them at once, (rows, inner) by (inner, columns) each."""

    batch: int
    rows: int
    inner: int
    columns: int

    @property
    def operations(self) -> int:
        """Multiplications and additions."""
        return 2 * self.batch * self.rows * self.inner * self.columns


def products_of(network: nn.Module, forward: Callable[[], object]) -> Counter[Product]:
    """How often each product occurs while `forward` runs, from the linear layers and attentions of `network`.

    `forward` must call the layers one by one, that is, outside `nets.fast.fast_inference`.
    """
    found: Counter[Product] = Counter()

    def linear(layer: Any, inputs: tuple[torch.Tensor, ...], _output: torch.Tensor) -> None:
        rows = inputs[0].numel() // layer.in_features
        found[Product(1, rows, layer.in_features, layer.out_features)] += 1

    def attention(layer: Any, inputs: tuple[torch.Tensor, ...], _output: torch.Tensor) -> None:
        batch, count, width = inputs[0].shape
        each = width // layer.heads
        found[Product(batch * layer.heads, count, each, count)] += 1
        found[Product(batch * layer.heads, count, count, each)] += 1

    hooks = []
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            hooks.append(layer.register_forward_hook(linear))
        elif isinstance(layer, Attention):
            hooks.append(layer.register_forward_hook(attention))
    try:
        with torch.no_grad():
            forward()
    finally:
        for hook in hooks:
            hook.remove()
    return found


def operations_of(products: Mapping[Product, int] | Iterable[Product]) -> int:
    """Operations of all products together."""
    counted = products.items() if isinstance(products, Mapping) else ((one, 1) for one in products)
    return sum(product.operations * times for product, times in counted)
