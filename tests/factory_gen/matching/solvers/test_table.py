"""Every solver against fields with a known answer, its stated order and its stated cost."""

from __future__ import annotations

import math

import pytest
import torch

from factory_gen.errors import UsageError
from factory_gen.matching.solvers.table import SOLVERS, solve, steps_for_calls


def decay(x: torch.Tensor, t: float) -> torch.Tensor:
    """dx/dt = -2 x + t, whose solution is known."""
    return -2.0 * x + t


def decay_at_one(start: float) -> float:
    return (start + 0.25) * math.exp(-2.0) + 0.5 - 0.25


@pytest.mark.parametrize("name", SOLVERS)
def test_constant_velocity_is_exact(name: str) -> None:
    x_0 = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
    velocity = torch.full_like(x_0, 1.5)
    out = solve(lambda x, t: velocity, x_0, name, SOLVERS[name].calls)
    assert torch.allclose(out, x_0 + 1.5, atol=1e-6)


@pytest.mark.parametrize("name", SOLVERS)
def test_error_falls_with_the_stated_order(name: str) -> None:
    x_0 = torch.tensor([[1.0]], dtype=torch.float64)
    errors = []
    for steps in (8, 16):
        out = solve(decay, x_0, name, steps * SOLVERS[name].calls)
        errors.append(abs(float(out) - decay_at_one(1.0)))
    order = math.log2(errors[0] / errors[1])
    assert order == pytest.approx(SOLVERS[name].order, abs=0.25)


@pytest.mark.parametrize("name", SOLVERS)
def test_calls_are_counted_as_stated(name: str) -> None:
    made = 0

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        nonlocal made
        made += 1
        return torch.zeros_like(x)

    seen: list[int] = []
    solve(velocity, torch.zeros(1, 1), name, 3 * SOLVERS[name].calls, callback=lambda n, x: seen.append(n))
    assert made == 3 * SOLVERS[name].calls
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(("name", "calls"), [("midpoint", 3), ("rk4", 6), ("euler", 0), ("nope", 1)])
def test_impossible_requests_are_refused(name: str, calls: int) -> None:
    with pytest.raises(UsageError):
        steps_for_calls(name, calls)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_path_may_begin_later(name: str) -> None:
    start, times = torch.full((1, 1), 2.0, dtype=torch.float64), list[float]()

    def velocity(x: torch.Tensor, t: float) -> torch.Tensor:
        times.append(t)
        return torch.full_like(x, 4.0)

    out = solve(velocity, start, name, 2 * SOLVERS[name].calls, begin=0.75)
    assert float(out) == pytest.approx(3.0)
    assert min(times) == 0.75 and max(times) <= 1.0
