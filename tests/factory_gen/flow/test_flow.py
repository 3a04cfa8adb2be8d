"""The flow's output is whitened by sigma, ignores what lies outside the hole, and follows z only where it is told."""

from __future__ import annotations

import pytest
import torch

from factory_gen.flow.model import FlowModel, FlowSettings
from factory_gen.nets.condition import Conditions


def model(**changes: object) -> FlowModel:
    torch.manual_seed(0)
    shape = {
        "latent_channels": 4,
        "latent_size": 8,
        "kinds": 2,
        "code_size": 6,
        "width": 32,
        "depth": 1,
        "heads": 2,
    }
    net = FlowModel(**{**shape, "patch": 2, **changes})  # type: ignore[arg-type]
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return net.eval().requires_grad_(False)


def inputs() -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    maps = [torch.randn(2, 4, 8, 8, generator=generator) for _ in range(3)]
    return (*maps, torch.randn(2, 6, generator=generator))


def told(hole: torch.Tensor | None = None) -> Conditions:
    return Conditions(
        torch.zeros(2, 4, 8, 8),
        torch.ones(2, 1, 8, 8) if hole is None else hole,
        torch.zeros(2, 4, 8, 8),
        torch.tensor([0, 1]),
        torch.tensor([0.3, float("nan")]),
    )


def test_what_lies_outside_the_hole_is_not_looked_at() -> None:
    x, mean, log_var, code = inputs()
    hole = torch.zeros(2, 1, 8, 8)
    hole[..., :4] = 1
    other = x.clone()
    other[..., 4:] += 3.0
    net, t = model(), torch.full((2,), 0.4)
    assert torch.equal(
        net(x, t, mean, log_var, code, told(hole)), net(other, t, mean, log_var, code, told(hole))
    )


def test_scaling_the_source_scales_the_velocity() -> None:
    """With mean 0 and the whitened state held fixed, the network sees sigma only as a channel; that is kept too."""
    x, _, log_var, code = inputs()
    net, t = model(), torch.full((2,), 0.4)
    sigma = (0.5 * log_var).exp()
    velocity = net(x * sigma, t, torch.zeros_like(x), log_var, code, told())
    raw = net.trunk(
        torch.cat([x, torch.zeros_like(x), 0.5 * log_var, told().maps], dim=1),
        net.time(t) + net.kind(told().kind, told().strength) + net.code(code),
    )
    assert torch.allclose(velocity, sigma * raw, atol=1e-4)


@pytest.mark.parametrize("use_code", [True, False])
def test_z_matters_only_where_it_is_used(use_code: bool) -> None:
    x, mean, log_var, code = inputs()
    net, t = model(use_code=use_code), torch.full((2,), 0.4)
    same = torch.equal(net(x, t, mean, log_var, code, told()), net(x, t, mean, log_var, code + 1, told()))
    assert same != use_code


@pytest.mark.parametrize(
    "bad",
    [{"source": "noise"}, {"prior_scale": 0.0}, {"steps": 0}, {"width": 10, "heads": 3}, {"times": "late"}],
)
def test_bad_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        FlowSettings(**bad)  # type: ignore[arg-type]
