"""The flow map's identity and loss on a linear field, whose average velocity has a closed form."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from factory_gen.matching.flow_map import draw_jumps, implied_velocity, rate_of_change
from factory_gen.matching.loss import even_out
from factory_gen.matching.path import straight_path
from factory_gen.matching.solvers.table import FLOW_MAP, solve

SPEED, PULL = 0.7, -1.3


def velocity(x: torch.Tensor) -> torch.Tensor:
    """dx/dt = SPEED + PULL x."""
    return SPEED + PULL * x


def exact(x: torch.Tensor, t: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Its average from t to r: v(x) (exp(PULL (r - t)) - 1) / (PULL (r - t)), v(x) at r = t."""
    span = (r - t)[:, None]
    factor = torch.where(span > 0, torch.expm1(PULL * span) / (PULL * span.clamp_min(1e-12)), 1.0)
    return velocity(x) * factor


def drawn(count: int = 64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    jumps = draw_jumps(count, generator, jumping=3 * count // 4, landing_share=0.5)
    x = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    return x, jumps.t.double(), jumps.r.double()


def loss(scale: torch.Tensor | float) -> torch.Tensor:
    """The training's loss when the network is `scale` times the exact map, at jumps only."""
    x, t, r = (part[:48] for part in drawn())

    def network(x: torch.Tensor, t: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        return 1.0 * scale * exact(x, t, r)

    rate = rate_of_change(network, x, t, r, network(x, t, t).detach())
    return (implied_velocity(network(x, t, r), rate, t, r) - velocity(x)).square().mean()


def test_the_true_map_stands_for_the_true_velocity() -> None:
    x, t, r = drawn()
    rate = rate_of_change(exact, x, t, r, velocity(x))
    assert torch.allclose(implied_velocity(exact(x, t, r), rate, t, r), velocity(x), atol=1e-12)
    assert loss(1.0) < 1e-20


@pytest.mark.parametrize("wrong", [0.8, 1.25])
def test_the_loss_pulls_a_wrong_map_towards_the_true_one(wrong: float) -> None:
    scale = torch.tensor(wrong, dtype=torch.float64, requires_grad=True)
    value = loss(scale)
    (slope,) = torch.autograd.grad(value, scale)
    assert value > 1e-4
    assert slope * (wrong - 1.0) > 0


def test_no_gradient_flows_through_the_rate() -> None:
    x, t, r = drawn()
    scale = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    assert not rate_of_change(lambda *at: scale * exact(*at), x, t, r, velocity(x)).requires_grad


def test_without_a_jump_the_map_is_the_velocity() -> None:
    x, t, _ = drawn()
    rate = rate_of_change(exact, x, t, t, velocity(x))
    assert torch.equal(implied_velocity(exact(x, t, t), rate, t, t), exact(x, t, t))


@pytest.mark.parametrize("calls", [1, 2, 3, 8])
def test_an_exact_map_lands_on_the_solution_with_any_number_of_calls(calls: int) -> None:
    x_0, _, _ = drawn()

    def average(x: torch.Tensor, t: float) -> torch.Tensor:
        times = torch.full((x.shape[0],), t, dtype=x.dtype)
        return exact(x, times, times + 1.0 / calls)

    landed = (x_0 + SPEED / PULL) * torch.tensor(PULL, dtype=x_0.dtype).exp() - SPEED / PULL
    assert torch.allclose(solve(average, x_0, FLOW_MAP, calls), landed, atol=1e-12)


def test_jumps_are_drawn_in_the_shares_asked_for() -> None:
    jumps = draw_jumps(400, torch.Generator().manual_seed(0), jumping=200, landing_share=0.25)
    span = jumps.r - jumps.t
    assert (jumps.t >= 0).all()
    assert (jumps.r <= 1).all()
    assert (span[:200] > 0).all()
    assert (span[200:] == 0).all()
    assert (jumps.r[:200] == 1).float().mean() == pytest.approx(0.25, abs=0.07)
    again = draw_jumps(400, torch.Generator().manual_seed(0), jumping=200, landing_share=0.25)
    assert torch.equal(again.t, jumps.t)
    assert torch.equal(again.r, jumps.r)


@pytest.mark.parametrize(("power", "wanted"), [(0.0, [4.0, 1.0]), (0.5, [2.0, 1.0]), (1.0, [1.0, 1.0])])
def test_adaptive_weighting_evens_out_the_samples(power: float, wanted: list[float]) -> None:
    error = torch.tensor([4.0, 1.0], requires_grad=True)
    found = even_out(error, power, floor=0.0)
    assert found.tolist() == pytest.approx(wanted)
    (slope,) = torch.autograd.grad(found.sum(), error)
    assert slope.tolist() == pytest.approx([4.0**-power, 1.0])


def test_a_trained_map_lands_where_a_single_euler_step_would_squeeze() -> None:
    """From N(0, 1) to N(3, 0.5^2): Euler's step goes to the mean of the data, the jump to the data."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))

    def average(x: torch.Tensor, t: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = net(torch.cat([x, t[:, None], (r - t)[:, None]], dim=1))
        return result

    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 400)
    for _ in range(400):
        x_0, x_1 = torch.randn(2, 256, 1, generator=generator)
        jumps = draw_jumps(256, generator, jumping=128, landing_share=0.5)
        path = straight_path(x_0, 3.0 + 0.5 * x_1, jumps.t)
        own = average(path.x_t, jumps.t, jumps.t).detach()
        rate = rate_of_change(average, path.x_t, jumps.t, jumps.r, own)
        implied = implied_velocity(average(path.x_t, jumps.t, jumps.r), rate, jumps.t, jumps.r)
        optimizer.zero_grad()
        (implied - path.dx_t).square().mean().backward()
        optimizer.step()
        schedule.step()
    x_0, zeros, ones = torch.randn(2000, 1, generator=generator), torch.zeros(2000), torch.ones(2000)
    with torch.no_grad():
        jump, euler = x_0 + average(x_0, zeros, ones), x_0 + average(x_0, zeros, zeros)
    assert jump.mean().item() == pytest.approx(3.0, abs=0.15)
    assert euler.std().item() < 0.25
    assert jump.std().item() == pytest.approx(0.5, abs=0.15)
