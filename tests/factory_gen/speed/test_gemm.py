"""Products are timed at their own shape; a larger one takes longer and no rate is above the largest."""

from __future__ import annotations

import pytest
import torch

from factory_gen.speed.clock import CPU_TIME, WALL, clock_name, timed
from factory_gen.speed.gemm import largest_rate, time_product
from factory_gen.speed.products import Product

CPU = torch.device("cpu")


def test_more_work_takes_longer() -> None:
    small, large = Product(1, 64, 64, 64), Product(1, 1024, 1024, 1024)
    assert time_product(large, torch.float32, CPU).best > 3 * time_product(small, torch.float32, CPU).best


@pytest.mark.parametrize("product", [Product(1, 33, 7, 65), Product(5, 8, 16, 8)])
def test_any_shape_can_be_timed(product: Product) -> None:
    found = time_product(product, torch.float32, CPU, repeats=2)
    assert 0 < found.best <= found.median <= found.worst
    assert found.repeats == 2


def test_the_largest_rate_is_that_of_a_product() -> None:
    assert largest_rate(torch.float32, CPU, repeats=1, sides=(64, 128)) > 1e7


def test_the_clock_follows_the_threads_and_repeats_end_with_the_time() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert clock_name(CPU) == CPU_TIME
        torch.set_num_threads(2)
        assert clock_name(CPU) == WALL
    finally:
        torch.set_num_threads(threads)
    calls: list[int] = []
    found = timed(lambda: calls.append(1), CPU, repeats=50, warm=2, most_s=0.0)
    assert found.repeats == 1
    assert len(calls) == 3
