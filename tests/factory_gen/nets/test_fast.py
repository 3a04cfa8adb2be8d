"""The fast path computes what training computes, to the precision that it is asked for, and only when it is opened."""

from __future__ import annotations

import pytest
import torch

from factory_gen.nets.blocks import Trunk
from factory_gen.nets.fast import cut_patches, fast_inference

CPU = torch.device("cpu")


def trunk(patch: int) -> Trunk:
    torch.manual_seed(0)
    shape = {"in_channels": 3, "out_channels": 2, "size": 16, "width": 64, "depth": 2, "heads": 2}
    made = Trunk(**shape, patch=patch, cond_width=32)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return made


@pytest.mark.parametrize(("bf16", "most"), [(False, 1e-5), (True, 0.02)])
@pytest.mark.parametrize("patch", [1, 2, 4])
def test_fast_and_plain_agree(patch: int, bf16: bool, most: float) -> None:
    made, maps, cond = trunk(patch), torch.randn(3, 3, 16, 16), torch.randn(3, 32)
    plain = made(maps, cond).detach()
    with fast_inference(CPU, bf16=bf16):
        fast = made(maps, cond).float()
    assert not fast.requires_grad
    assert float((fast - plain).norm() / plain.norm()) < most


def test_fast_bfloat16_is_no_further_from_float32_than_plain_bfloat16() -> None:
    made, maps, cond = trunk(2), torch.randn(8, 3, 16, 16), torch.randn(8, 32)
    exact = made(maps, cond).detach()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        plain = made(maps, cond).float()
    with fast_inference(CPU, bf16=True):
        fast = made(maps, cond).float()
    assert float((fast - exact).norm()) < 1.3 * float((plain - exact).norm())


def test_after_it_training_is_as_before() -> None:
    made, maps, cond = trunk(4), torch.randn(2, 3, 16, 16), torch.randn(2, 32)
    before = made(maps, cond)
    with pytest.raises(ValueError, match="stop"), fast_inference(CPU, bf16=True):
        raise ValueError("stop")
    after = made(maps, cond)
    assert after.requires_grad
    assert torch.equal(before, after)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("patch", [1, 2, 4, 8])
def test_patches_are_the_same_bits(patch: int, kind: torch.dtype) -> None:
    maps = torch.randn(2, 3, 16, 16).to(kind)
    turned = maps.transpose(2, 3)
    with fast_inference(CPU, bf16=False):
        fast = cut_patches(maps, patch), cut_patches(turned, patch)
    assert torch.equal(fast[0], cut_patches(maps, patch))
    assert torch.equal(fast[1], cut_patches(turned, patch))
