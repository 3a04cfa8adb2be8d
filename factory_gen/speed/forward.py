"""How much of the machine's matrix-product limit the flow transformer reaches, in sampling and in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from factory_gen.flow.model import FlowModel
from factory_gen.nets.condition import MASK_CHANNELS, Conditions
from factory_gen.nets.fast import fast_inference
from factory_gen.speed.clock import timed
from factory_gen.speed.gemm import largest_rate, time_product
from factory_gen.speed.products import operations_of, products_of

# A backward pass has two products for each one of the forward.
TRAINING_PRODUCTS = 3


@dataclass(frozen=True)
class MatrixShare:
    """One pass of the flow transformer against matrix products measured in the same run.

    Attributes:
        work: "forward" or "training step" (forward, backward, AdamW).
        precision: "fp32" or "bf16".
        batch: windows.
        milliseconds, slowest: median and worst of the repeats.
        gflop: operations of its matrix products, in 1e9.
        gflop_per_s: those over the best time.
        products_ms: the same products alone, each at its own shape, best times summed.
        largest_gflop_per_s: the best large square product, or a layer's own where that is faster.
        share: products_ms over the best time; what is not matrix work lowers it.
        share_of_largest: gflop_per_s over largest_gflop_per_s; small layers lower it, too.
    """

    work: str
    precision: str
    batch: int
    milliseconds: float
    slowest: float
    gflop: float
    gflop_per_s: float
    products_ms: float
    largest_gflop_per_s: float
    share: float
    share_of_largest: float


def matrix_shares(
    flow: FlowModel, device: torch.device, *, precision: str, batch: int = 64, repeats: int = 7
) -> list[MatrixShare]:
    """Measure the sampling forward and a training step of `flow`, whose weights are left as they are.

    Args:
        flow: the network.
        device: where it lies.
        precision: "fp32" or "bf16".
        batch: windows.
        repeats: of each timing.
    """
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    call = _call(flow, device, batch)
    products = products_of(flow, call)
    times = {product: time_product(product, kind, device, repeats=repeats) for product in products}
    alone = sum(times[product].best * count for product, count in products.items())
    largest = max(
        largest_rate(kind, device, repeats=repeats),
        *(product.operations / timing.best for product, timing in times.items()),
    )
    operations = operations_of(products)

    def share(work: str, pass_: Callable[[], object], factor: int) -> MatrixShare:
        found = timed(pass_, device, repeats=repeats)
        return MatrixShare(
            work=work,
            precision=precision,
            batch=batch,
            milliseconds=1e3 * found.median,
            slowest=1e3 * found.worst,
            gflop=factor * operations / 1e9,
            gflop_per_s=factor * operations / found.best / 1e9,
            products_ms=1e3 * factor * alone,
            largest_gflop_per_s=largest / 1e9,
            share=factor * alone / found.best,
            share_of_largest=factor * operations / found.best / largest,
        )

    with fast_inference(device, bf16=precision == "bf16"):
        forward = share("forward", call, 1)
    step = share("training step", _training_step(flow, call, device, precision), TRAINING_PRODUCTS)
    return [forward, step]


def _call(flow: FlowModel, device: torch.device, batch: int) -> Callable[[], torch.Tensor]:
    """A call of the network on drawn inputs; its cost does not depend on their values."""
    source = torch.Generator().manual_seed(0)
    channels, size = flow.config["latent_channels"], flow.config["latent_size"]
    maps = torch.randn(batch, channels, size, size, generator=source).to(device)
    conditions = Conditions(
        maps,
        torch.ones_like(maps[:, :1]),
        torch.zeros(batch, MASK_CHANNELS, size, size, device=device),
        torch.zeros(batch, dtype=torch.long, device=device),
        torch.full((batch,), 0.5, device=device),
    )
    code = torch.randn(batch, flow.config["code_size"], generator=source).to(device)
    t = torch.full((batch,), 0.5, device=device)
    log_var = torch.zeros_like(maps)
    return lambda: flow(maps, t, maps, log_var, code, conditions)


def _training_step(
    flow: FlowModel, call: Callable[[], torch.Tensor], device: torch.device, precision: str
) -> Callable[[], None]:
    # A rate of nothing: everything is computed and no weight moves.
    optimizer = torch.optim.AdamW(flow.parameters(), lr=0.0, weight_decay=0.0)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            loss = call().square().mean()
        loss.backward()
        optimizer.step()

    return step
