"""Counted operations equal the closed form, and a pass against its own products gives a share that makes sense."""

from __future__ import annotations

import pytest
import torch

from factory_gen.flow.model import FlowModel
from factory_gen.nets.blocks import Trunk
from factory_gen.speed.forward import matrix_shares
from factory_gen.speed.products import Product, operations_of, products_of

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("product", "operations"),
    [(Product(1, 2, 3, 5), 60), (Product(7, 2, 3, 5), 420), (Product(1, 1, 1, 1), 2)],
)
def test_a_product_multiplies_and_adds(product: Product, operations: int) -> None:
    assert product.operations == operations


@pytest.mark.parametrize(("batch", "depth", "patch"), [(1, 1, 2), (3, 2, 4)])
def test_the_trunk_costs_what_the_closed_form_says(batch: int, depth: int, patch: int) -> None:
    width, heads, size, inputs, outputs, cond = 32, 2, 16, 3, 5, 24
    trunk = Trunk(
        in_channels=inputs,
        out_channels=outputs,
        size=size,
        patch=patch,
        width=width,
        depth=depth,
        heads=heads,
        cond_width=cond,
    )
    maps, told = torch.randn(batch, inputs, size, size), torch.randn(batch, cond)
    found = products_of(trunk, lambda: trunk(maps, told))
    tokens = (size // patch) ** 2
    # Per token and block: qkv 3 D^2, out D^2, MLP 8 D^2, and attention 2 N D; modulation once per item.
    block = tokens * (12 * width**2 + 2 * tokens * width) + cond * 6 * width
    ends = (
        tokens * patch**2 * (inputs * width + outputs * width + inputs * outputs * patch**2)
        + cond * 2 * width
    )
    assert operations_of(found) == 2 * batch * (depth * block + ends)
    assert operations_of(list(found.elements())) == operations_of(found)


def test_watching_leaves_no_trace() -> None:
    trunk = Trunk(in_channels=1, out_channels=1, size=4, patch=2, width=8, depth=1, heads=1, cond_width=4)
    with pytest.raises(ValueError, match="stop"):
        products_of(trunk, _stop)
    assert not any(layer._forward_hooks for layer in trunk.modules())


def _stop() -> None:
    raise ValueError("stop")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_shares_of_a_small_flow(precision: str) -> None:
    torch.manual_seed(0)
    flow = FlowModel(
        latent_channels=4, latent_size=8, kinds=2, code_size=8, width=32, depth=1, heads=2, patch=2
    )
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    forward, step = matrix_shares(flow, CPU, precision=precision, batch=4, repeats=2)
    assert (forward.work, step.work) == ("forward", "training step")
    assert step.gflop == pytest.approx(3 * forward.gflop)
    for one in (forward, step):
        assert one.share > 0
        assert 0 < one.share_of_largest < 1
        assert one.gflop_per_s <= one.largest_gflop_per_s
        assert one.milliseconds <= one.slowest
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())
