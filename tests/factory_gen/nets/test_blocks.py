"""Patches fold back, blocks begin as the identity, embeddings tell values apart, attention sees every token."""

from __future__ import annotations

import pytest
import torch

from factory_gen.nets.blocks import (
    Attention,
    Block,
    ScalarEmbedding,
    Trunk,
    sine_positions,
    unpatchify,
)
from factory_gen.nets.fast import cut_patches


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_patches_fold_back(patch: int) -> None:
    maps = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    patches = cut_patches(maps, patch)
    assert patches.shape == (2, (8 // patch) ** 2, 3 * patch * patch)
    assert torch.equal(unpatchify(patches, patch, 8 // patch), maps)


def test_a_patch_holds_its_own_pixels() -> None:
    maps = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert cut_patches(maps, 2)[0, 1].tolist() == [2.0, 3.0, 6.0, 7.0]


def test_a_fresh_block_is_the_identity() -> None:
    x = torch.randn(2, 5, 16)
    assert torch.equal(Block(16, 2, 8)(x, torch.randn(2, 8)), x)


def test_attention_mixes_all_tokens_and_keeps_their_order_of_arrival() -> None:
    torch.manual_seed(0)
    attention = Attention(16, 2)
    x = torch.randn(1, 6, 16)
    moved = x.clone()
    moved[0, 5] += 1.0
    assert bool((attention(x)[0, 0] != attention(moved)[0, 0]).any())
    order = torch.tensor([3, 1, 0, 2, 5, 4])
    assert torch.allclose(attention(x)[:, order], attention(x[:, order]), atol=1e-5)


def test_a_fresh_trunk_gives_zeros_and_depends_on_maps_and_condition_once_trained() -> None:
    torch.manual_seed(0)
    shape = {"in_channels": 3, "out_channels": 2, "size": 8, "patch": 2, "width": 16, "depth": 1, "heads": 2}
    trunk = Trunk(**shape, cond_width=8)
    maps, cond = torch.randn(2, 3, 8, 8), torch.randn(2, 8)
    assert trunk(maps, cond).shape == (2, 2, 8, 8)
    assert float(trunk(maps, cond).detach().abs().max()) == 0
    for parameter in trunk.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    base = trunk(maps, cond)
    assert not torch.allclose(base, trunk(maps + 1, cond))
    assert not torch.allclose(base, trunk(maps, cond + 1))


def test_positions_differ_and_scalars_are_told_apart() -> None:
    positions = sine_positions(4, 18)
    assert positions.shape == (16, 18)
    assert len({tuple(row.tolist()) for row in positions}) == 16
    torch.manual_seed(0)
    out = ScalarEmbedding(8)(torch.tensor([0.0, 0.01, 1.0]))
    assert not torch.allclose(out[0], out[1])
    assert not torch.allclose(out[1], out[2])
