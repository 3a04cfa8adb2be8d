"""The path's ends and velocity, the times' spread, and the weights of the regression."""

from __future__ import annotations

import pytest
import torch

from factory_gen.errors import UsageError
from factory_gen.matching.loss import WEIGHTS, importance_weight, pseudo_huber, weighted_regression
from factory_gen.matching.path import straight_path
from factory_gen.matching.times import TIMES, draw_times


def test_path_runs_from_source_to_data_at_constant_velocity() -> None:
    generator = torch.Generator().manual_seed(0)
    x_0, x_1 = torch.randn(3, 2, 4, 4, generator=generator), torch.randn(3, 2, 4, 4, generator=generator)
    path = straight_path(x_0, x_1, torch.tensor([0.0, 1.0, 0.25]))
    assert torch.equal(path.x_t[0], x_0[0])
    assert torch.equal(path.x_t[1], x_1[1])
    assert torch.allclose(path.x_t[2] + 0.75 * path.dx_t[2], x_1[2], atol=1e-6)


@pytest.mark.parametrize("kind", TIMES)
def test_times_lie_in_the_unit_interval_and_depend_on_the_seed_only(kind: str) -> None:
    times = draw_times(kind, 512, torch.Generator().manual_seed(3))
    assert times.min() >= 0
    assert times.max() <= 1
    assert float(times.mean()) == pytest.approx(0.5, abs=0.05)
    assert torch.equal(times, draw_times(kind, 512, torch.Generator().manual_seed(3)))


def test_u_shaped_times_are_dense_at_both_ends() -> None:
    times = draw_times("u-shaped", 4000, torch.Generator().manual_seed(0))
    counts = torch.histc(times, bins=5, min=0.0, max=1.0)
    assert torch.allclose(counts, counts.flip(0), rtol=0.05)
    assert counts[0] > 1.5 * counts[1] > 1.5 * counts[2]


@pytest.mark.parametrize(("error", "wanted"), [(0.0, 0.0), (1e-6, 0.5e-6 / 0.1), (100.0, 9.9)])
def test_the_pseudo_huber_loss_is_the_square_at_first_and_then_the_root(error: float, wanted: float) -> None:
    assert float(pseudo_huber(torch.tensor(error).double(), 0.1)) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("kind", WEIGHTS)
def test_any_weight_has_its_minimum_at_the_conditional_mean(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    log_var = torch.randn(1, 2, 4, 4, generator=generator)
    targets = torch.randn(400, 2, 4, 4, generator=generator)
    weight = importance_weight(kind, log_var).expand_as(targets)
    region = torch.ones(400, 1, 4, 4)
    mean = targets.mean(dim=0, keepdim=True)
    at_mean = weighted_regression(mean.expand_as(targets), targets, weight, region)
    for shift in (-0.1, 0.1):
        assert weighted_regression(mean.expand_as(targets) + shift, targets, weight, region) > at_mean


def test_only_the_region_counts_and_each_sample_counts_alike() -> None:
    target = torch.zeros(2, 1, 4, 4)
    velocity = torch.ones(2, 1, 4, 4)
    region = torch.zeros(2, 1, 4, 4)
    region[0, 0, 0, 0] = 1
    region[1] = 1
    velocity[0, 0, 1:, 1:] = 100.0
    loss = weighted_regression(velocity, target, torch.ones_like(target), region)
    assert float(loss) == pytest.approx(1.0)


def test_unknown_weight_is_refused() -> None:
    with pytest.raises(UsageError, match=r"flow\.weight"):
        importance_weight("best", torch.zeros(1, 1, 1, 1))
