"""Grouped convolutions stay in float32 under autocast, all else runs in bfloat16, and the results agree."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from factory_gen.nets.half import has_bfloat16, keep_depthwise_in_float32


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, groups=8, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 1)
    )


def kinds_of(net: nn.Sequential, pixels: torch.Tensor) -> list[torch.dtype]:
    found = []
    with torch.autocast("cpu", torch.bfloat16):
        for layer in net:
            pixels = layer(pixels)
            found.append(pixels.dtype)
    return found


def test_only_grouped_convolutions_are_kept() -> None:
    net, pixels = small_net(), torch.randn(2, 3, 8, 8)
    assert kinds_of(net, pixels) == [torch.bfloat16] * 4
    keep_depthwise_in_float32(net)
    assert kinds_of(net, pixels) == [torch.bfloat16, torch.float32, torch.float32, torch.bfloat16]


def test_weights_names_and_results_stay() -> None:
    net, pixels = small_net(), torch.randn(2, 3, 8, 8)
    names, before = list(net.state_dict()), net(pixels)
    keep_depthwise_in_float32(net)
    assert list(net.state_dict()) == names
    assert torch.equal(net(pixels), before)
    with torch.autocast("cpu", torch.bfloat16):
        near = net(pixels).float()
    assert not torch.equal(near, before)
    torch.testing.assert_close(near, before, atol=0.03, rtol=0.03)


def test_gradients_reach_every_weight() -> None:
    net = small_net()
    keep_depthwise_in_float32(net)
    with torch.autocast("cpu", torch.bfloat16):
        net(torch.randn(2, 3, 8, 8)).float().square().mean().backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in net.parameters())


def test_a_processor_without_the_instructions_is_no_bfloat16_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert has_bfloat16(torch.device("cpu")) is False


def test_a_device_says_what_it_can() -> None:
    assert isinstance(has_bfloat16(torch.device("cpu")), bool)
